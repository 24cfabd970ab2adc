import Campaigns
import Contract
import Outreach
import Postgres
import Templates
import Topics
import Values

/// Works out what campaigns would do, for whoever plans and reviews them: by the same SQL that writes to their people, so that both
/// count alike where nothing changes between.
enum MakePreviews: Sweep {
  static let name = "make-previews"
  static var pause: Duration { .milliseconds(500) }
  static var chunk: Int { 1 }
  typealias Cache = PlanMemory

  /// A preview that somebody waits for.
  struct Asked: Sendable {
    let id: Int64
    let version: Int32
    let campaign: PlannedCampaign
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Asked] {
    try transaction.rows(
      """
      select p.id, p.version, c.id, c.version, c.name, c.definition, c.branch_id, c.seed, c.starts_at, c.expires_at, c.calendar_id,
        c.time_zone, o.day::text, o.at
      from campaign_preview p join campaign c on c.id = p.campaign_id
      left join lateral next_occasion(c.definition::jsonb -> 'every', c.time_zone, greatest(c.starts_at, clock_timestamp())) o on c.repeats
      where p.made_at is null
        and not exists (select from set_aside s where s.sweep = 'make-previews' and s.item = p.id::text)
      order by p.id limit $1 for update of p skip locked
      """
    ) { $0.integer(Int64(limit)) }.map {
      Asked(id: $0.integer(0), version: Int32($0.small(1)), campaign: PlannedCampaign($0, from: 2))
    }
  }

  static func label(_ asked: Asked) -> String { String(asked.id) }

  /// How each comes out: JSON, or why it cannot be made.
  typealias Book = [Int64: Result<PreviewFacts, PreviewFailure>]

  static func load(
    _ items: [Asked], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    var book: Book = [:]
    for asked in items { book[asked.id] = try facts(asked, &memory, transaction) }
    return book
  }

  private static func facts(
    _ asked: Asked, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Result<PreviewFacts, PreviewFailure> {
    guard asked.version == asked.campaign.version else {
      return .failure(PreviewFailure("the plan has changed since its preview was asked for"))
    }
    let plan: CampaignDefinition
    do throws(Refusal) { plan = try CampaignDefinition(reading: asked.campaign.definition) } catch {
      return .failure(PreviewFailure(error.description))
    }
    return try PreviewFacts.gather(asked.campaign, plan, &memory, transaction)
  }

  /// What is written of a preview.
  struct Made: Sendable {
    let id: Int64
    var result: String?
    var failure: String?
  }

  static func decide(_ asked: Asked, _ book: inout Book, _ now: Timestamp) -> Decision<Made> {
    switch book[asked.id] {
    case .success(var facts):
      let preview = CampaignPreview(&facts, now)
      return .apply(Made(id: asked.id, result: preview.json), outcome: "made")
    case .failure(let failure): return .apply(Made(id: asked.id, failure: failure.sentence), outcome: "not-made")
    case nil: return .ignore("unread")
    }
  }

  static let writes: [Write<Book, Made>] = [
    .each(
      { $0 },
      """
      update campaign_preview p set made_at = clock_timestamp(), result = a.result, failure = a.failure
      from unnest($1::bigint[], $2::text[], $3::text[]) a (id, result, failure)
      where p.id = a.id and p.made_at is null
      """,
      .integer { $0.id }, .text { $0.result }, .text { $0.failure })
  ]
}

/// Why a preview cannot be made, for whoever asked.
struct PreviewFailure: Error, Equatable {
  let sentence: String

  init(_ sentence: String) { self.sentence = sentence }
}

/// A campaign as its plan stands, whatever its state.
struct PlannedCampaign: Sendable {
  let id: Int64
  let version: Int32
  let name: String
  let definition: String
  let branch: Int64
  let seed: String
  let starts: Timestamp
  let expires: Timestamp
  /// Of one that comes again: its next one.
  let occasion: Occasion?
  let calendar: Int64?
  let timeZone: String

  fileprivate init(_ row: Row, from column: Int32) {
    (id, version) = (row.integer(column), Int32(row.small(column + 1)))
    (name, definition) = (row.text(column + 2), row.text(column + 3))
    (branch, seed) = (row.integer(column + 4), row.text(column + 5))
    (starts, expires) = (row.timestamp(column + 6), row.timestamp(column + 7))
    (calendar, timeZone) = (row.optionalInteger(column + 8), row.text(column + 9))
    let campaign = id
    occasion = row.optionalText(column + 10).map {
      Occasion(plan: campaign, day: $0, at: row.timestamp(column + 11))
    }
  }
}
