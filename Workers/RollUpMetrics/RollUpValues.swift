import Contract
import Postgres
import Topics
import Values

/// Takes down what customers have, what they bring, and what they are earned with.
enum RollUpValues: Worker {
  typealias Input = CustomerValue
  static let name = "roll-up-values"

  enum Change: Sendable {
    case valued(CustomerValue)
    case converted(Conversion)
    case apart(Apart.Row)

    var value: CustomerValue? { if case .valued(let value) = self { value } else { nil } }
    var conversion: Conversion? { if case .converted(let conversion) = self { conversion } else { nil } }
    var row: Apart.Row? { if case .apart(let row) = self { row } else { nil } }
  }

  static func load(
    _ events: [Delivery<CustomerValue>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(
    _ event: Delivery<CustomerValue>, _ state: inout Void, _ now: Timestamp
  ) -> Decision<Change> {
    let told = event.event
    if let reason = flaw(event) {
      let row = Apart.Row(topic: CustomerValue.topic.name, reason, told.value, of: event)
      return .apply(.apart(row), outcome: reason)
    }
    switch told.kind {
    case .valued: return .apply(.valued(told), outcome: "valued")
    case .funded: return .apply(.converted(Conversion(.assetsAdded, event)), outcome: "funded")
    case .earned: return .apply(.converted(Conversion(.earned, event)), outcome: "earned")
    }
  }

  /// From the year 2000 on, and not more than a day after it was told.
  private static func flaw(_ event: Delivery<CustomerValue>) -> StaticString? {
    let told = event.event
    guard told.at.microseconds >= 946_684_800_000_000, told.at <= event.happened.adding(seconds: 86_400) else {
      return "out-of-range"
    }
    if told.value.tenThousandths < 0 { return "negative-amount" }
    return told.kind != .valued && told.value.tenThousandths == 0 ? "no-amount" : nil
  }

  static let writes: [Write<Void, Change>] = [
    .total(
      { _, changes in changes.compactMap(\.value) },
      """
      insert into customer_value as v (customer, day, currency, at, amount)
      select distinct on (a.customer, a.currency, d.day) a.customer, d.day, a.currency, a.at, a.amount * 0.0001
      from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[]) a (customer, currency, at, amount)
      cross join lateral (select (a.at at time zone 'UTC')::date as day) d
      order by a.customer, a.currency, d.day, a.at desc, a.amount desc
      on conflict (customer, currency, day) do update set at = excluded.at, amount = excluded.amount
        where (v.at, v.amount) < (excluded.at, excluded.amount)
      """,
      touchesEach: false,
      .text { $0.customer }, .text { $0.value.currency }, .timestamp { $0.at }, .integer { $0.value.tenThousandths }),
    .total(
      { _, changes in changes.compactMap(\.value) },
      """
      insert into customer_value_day as d (day, told_at)
      select distinct on (1) (a.at at time zone 'UTC')::date, clock_timestamp() from unnest($1::timestamptz[]) a (at) order by 1
      on conflict (day) do update set told_at = excluded.told_at
      """,
      touchesEach: false,
      .timestamp { $0.at }),
    .takingDown { _, changes in changes.compactMap(\.conversion) },
    .keepingApart { _, changes in changes.compactMap(\.row) },
  ]
}

extension Conversion {
  fileprivate init(_ kind: Kind, _ event: Delivery<CustomerValue>) {
    self.init(
      kind: kind, reference: "\(event.source) \(event.id)", customer: event.event.customer, at: event.event.at,
      amount: event.event.value)
  }
}
