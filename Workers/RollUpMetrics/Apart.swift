import Contract
import Values

/// What could not be added to anything: counted with its reason, never silently dropped.
struct Apart: Sendable {
  struct Row: Sendable {
    let topic: String
    let reason: String
    let happened: Timestamp
    let amount: Money?
    let example: String
  }

  private let topic: String
  private(set) var rows: [Row] = []

  init(_ topic: Topic) { self.topic = topic.name }

  mutating func add<Reading>(_ reason: StaticString, _ amount: Money?, of delivery: Delivery<Reading>) {
    rows.append(Row(topic: topic, reason, amount, of: delivery))
  }
}

extension Apart.Row {
  init<Reading>(topic: String, _ reason: StaticString, _ amount: Money?, of delivery: Delivery<Reading>) {
    (self.topic, self.reason, self.amount) = (topic, reason.description, amount)
    happened = delivery.happened
    example = "\(delivery.source) \(delivery.id)"
  }
}

extension Write {
  /// Adds to what is kept apart, by topic, reason, day (of UTC) of the event, and currency.
  static func keepingApart(
    _ rows: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Apart.Row]
  ) -> Write {
    .total(
      rows,
      """
      insert into figure_apart as p (topic, reason, day, currency, events, amount, example)
      select a.topic, a.reason, (a.happened at time zone 'UTC')::date, coalesce(a.currency, ''), count(*), coalesce(sum(a.amount), 0) * 0.0001,
        min(a.example)
      from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::text[])
        a (topic, reason, happened, currency, amount, example)
      group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (topic, reason, day, currency) do update
        set events = p.events + excluded.events, amount = p.amount + excluded.amount, example = excluded.example
      """,
      touchesEach: false,
      .text { $0.topic }, .text { $0.reason }, .timestamp { $0.happened }, .text { $0.amount?.currency },
      .integer { $0.amount?.tenThousandths }, .text { $0.example })
  }
}
