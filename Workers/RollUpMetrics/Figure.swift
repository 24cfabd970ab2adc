import Contract
import Values

/// Where in a campaign something counts: as its recipient's row says, which does not change.
struct FigurePlace: Sendable, Equatable {
  let variant: Int32
  /// Empty where nobody knows, as zero for a branch.
  let region: String
  let branch: Int64

  /// Of messages of which nobody knows any more to whom they went.
  static let erased = FigurePlace(variant: -1, region: "", branch: 0)
}

/// An outcome that is counted, as `campaign_heard` keeps it.
struct HeardOutcome: Sendable {
  let message: Int64
  let key: FigureKey
  let at: Timestamp
  let parts: Int32
  /// Ten-thousandths.
  let amount: Int64

  init(_ reading: OutcomeReading, of campaign: Int64, at place: FigurePlace, cost: Money?) {
    (message, at, parts) = (reading.message, reading.at, reading.parts)
    amount = cost?.tenThousandths ?? 0
    key = FigureKey(
      campaign: campaign, hour: reading.at.hour, channel: reading.channel, place: place, what: reading.what,
      reason: reading.reason, currency: cost?.currency ?? "")
  }

  /// Its message has been responded to, by this.
  init(firstResponse reading: OutcomeReading, of campaign: Int64, at place: FigurePlace) {
    (message, at, parts, amount) = (reading.message, reading.at, 0, 0)
    key = FigureKey(
      campaign: campaign, hour: reading.at.hour, channel: reading.channel, place: place, what: "responded", reason: "",
      currency: "")
  }
}

struct FigureKey: Hashable, Comparable, Sendable {
  let campaign: Int64
  /// Its beginning.
  let hour: Timestamp
  let channel: String
  let variant: Int32
  let region: String
  let branch: Int64
  let what: String
  let reason: String
  let currency: String

  init(
    campaign: Int64, hour: Timestamp, channel: String, place: FigurePlace, what: String, reason: String,
    currency: String
  ) {
    (self.campaign, self.hour, self.channel) = (campaign, hour, channel)
    (variant, region, branch) = (place.variant, place.region, place.branch)
    (self.what, self.reason, self.currency) = (what, reason, currency)
  }

  static func < (a: FigureKey, b: FigureKey) -> Bool {
    let (one, other) = ((a.campaign, a.hour, a.channel, a.variant), (b.campaign, b.hour, b.channel, b.variant))
    guard one == other else { return one < other }
    return (a.region, a.branch, a.what, a.reason, a.currency) < (b.region, b.branch, b.what, b.reason, b.currency)
  }
}

struct FigureSum: Sendable, Equatable {
  private(set) var events: Int64 = 0
  private(set) var parts: Int64 = 0
  private(set) var amount: Int64 = 0

  mutating func add(_ event: HeardOutcome) {
    events += 1
    parts += Int64(event.parts)
    amount += event.amount
  }
}

extension Timestamp {
  /// The beginning of its hour of UTC.
  fileprivate var hour: Timestamp {
    let hour: Int64 = 3_600_000_000
    let rest = microseconds % hour
    return Timestamp(microseconds: microseconds - (rest < 0 ? rest + hour : rest))
  }
}

extension Write {
  /// Writes down what was counted, campaign by campaign: a row for each, with its part of every column.
  static func keepingHeard(_ heard: @escaping @Sendable (State) -> [HeardOutcome]) -> Write {
    .total(
      { state, _ in heard(state) },
      """
      insert into campaign_heard (campaign_id, messages, channels, variants, regions, branches, whats, reasons, times, parts, amounts,
        currencies)
      select c.id, ($2::bigint[])[a:z], ($3::text[])[a:z], ($4::int[])[a:z], ($5::text[])[a:z], ($6::bigint[])[a:z], ($7::text[])[a:z],
        ($8::text[])[a:z], ($9::timestamptz[])[a:z], ($10::int[])[a:z], ($11::bigint[])[a:z], ($12::text[])[a:z]
      from (select u.id, min(u.n) as a, max(u.n) as z from unnest($1::bigint[]) with ordinality u (id, n) group by u.id) c
      """,
      touchesEach: false,
      .integer { $0.key.campaign }, .integer { $0.message }, .text { $0.key.channel }, .small { $0.key.variant },
      .text { $0.key.region }, .integer { $0.key.branch }, .text { $0.key.what }, .text { $0.key.reason },
      .timestamp { $0.at }, .small { $0.parts }, .integer { $0.amount }, .text { $0.key.currency })
  }

  /// Counts figures up, sorted by their key.
  static func counting(
    _ increments: @escaping @Sendable (State) -> [(key: FigureKey, sum: FigureSum)]
  ) -> Write {
    .total(
      { state, _ in increments(state) },
      """
      insert into campaign_figure as f (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount)
      select a.campaign, a.hour, a.channel, a.variant, a.region, a.branch, a.what, a.reason, a.currency, a.events, a.parts, a.amount * 0.0001
      from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[],
        $10::bigint[], $11::bigint[], $12::bigint[])
        a (campaign, hour, channel, variant, region, branch, what, reason, currency, events, parts, amount)
      on conflict (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency) do update
        set events = f.events + excluded.events, parts = f.parts + excluded.parts, amount = f.amount + excluded.amount
      """,
      .integer { $0.key.campaign }, .timestamp { $0.key.hour }, .text { $0.key.channel }, .small { $0.key.variant },
      .text { $0.key.region }, .integer { $0.key.branch }, .text { $0.key.what }, .text { $0.key.reason },
      .text { $0.key.currency }, .integer { $0.sum.events }, .integer { $0.sum.parts }, .integer { $0.sum.amount })
  }
}
