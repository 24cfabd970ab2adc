internal import JSON
internal import Postgres
internal import Values

/// What a campaign would do, as launch-campaigns has worked it out.
struct PreviewReport {
  /// Those of the audience who would get a message, by what tells them apart.
  struct Group {
    let channel: String
    /// nil of a campaign that has but one.
    let variant: String?
    let branch: String?
    let region: String?
    let language: String?
    let recipients: Int64
  }

  /// A message as somebody would get it.
  struct Sample {
    let variant: String?
    let channel: String
    let language: String?
    /// Masked.
    let to: String?
    let subject: String?
    let text: String
    let parts: Int64?
  }

  /// A variable that a template wants and some people lack.
  struct Missing {
    let variable: String
    let template: String
    let recipients: Int64
  }

  let campaign: String
  let version: Int64
  let madeAt: Timestamp
  /// Everybody whom the filter picks and no exclusion takes out: each of them becomes a row at the launch.
  let audience: Int64
  let excluded: Int64
  let heldOut: Int64
  /// By reason, most people first.
  let skipped: [(reason: String, people: Int64)]
  let groups: [Group]
  let recipients: Int64
  let partsAtMost: Int64?
  let partsOnAverage: Double?
  let cost: Money?
  let budget: (name: String, left: Money?)?
  let perHour: Int64?
  let ends: Timestamp?
  let samples: [Sample]
  let missing: [Missing]
  let warnings: [String]
  /// As the worker wrote it.
  let text: String

  var skippedPeople: Int64 { skipped.reduce(0) { $0 + $1.people } }

  init(reading text: String) throws(Refusal) {
    self = try JSONTape().read(text) { object throws(Refusal) in try PreviewReport(object, text) }
  }

  private init(_ data: JSONObject, _ text: String) throws(Refusal) {
    func count(_ name: StaticString, in data: JSONObject) throws(Refusal) -> Int64 {
      try data.integer(name, 0...Int64.max)
    }
    self.text = text
    campaign = try data.text("campaign")
    version = try count("version", in: data)
    madeAt = try data.timestamp("madeAt")
    audience = try count("audience", in: data)
    excluded = try count("excluded", in: data)
    heldOut = try count("heldOut", in: data)
    skipped = try PreviewReport.skipped(data.optionalObject("skipped"))
    groups = try data.objects("send", atMost: 1_000_000).map { group throws(Refusal) in
      Group(
        channel: try group.text("channel"), variant: try group.optionalText("variant"),
        branch: try group.optionalText("branch"),
        region: try group.optionalText("region"), language: try group.optionalText("language"),
        recipients: try count("recipients", in: group))
    }
    recipients = try count("recipients", in: data)
    let parts = try data.optionalObject("parts")
    partsAtMost = try parts?.optionalInteger("most", 0...Int64.max)
    partsOnAverage = try parts?.raw("mean").flatMap { Double(String(decoding: $0, as: UTF8.self)) }
    cost = try data.optionalMoney("cost")
    budget = try data.optionalObject("budget").map { budget throws(Refusal) in
      let left = try budget.optionalText("left", 0...40)
      let currency = try budget.optionalText("currency", 0...40)
      return (try budget.text("name"), left.flatMap { Money($0, currency ?? "") })
    }
    perHour = try data.optionalInteger("perHour", 0...Int64.max)
    ends = try data.optionalTimestamp("ends")
    samples = try data.objects("samples", atMost: 10_000).map { sample throws(Refusal) in
      Sample(
        variant: try sample.optionalText("variant"), channel: try sample.text("channel"),
        language: try sample.optionalText("language"), to: try sample.optionalText("to", 0...400),
        subject: try sample.optionalText("subject", 0...2_000), text: try sample.text("text", 0...2_000_000),
        parts: try sample.optionalInteger("parts", 0...Int64.max))
    }
    missing = try data.objects("missing", atMost: 10_000).map { missing throws(Refusal) in
      Missing(
        variable: try missing.text("variable"), template: try missing.text("template"),
        recipients: try count("recipients", in: missing))
    }
    warnings = try data.texts("warnings", atMost: 1_000, 1...10_000)
  }

  private static func skipped(_ data: JSONObject?) throws(Refusal) -> [(reason: String, people: Int64)] {
    var counts: [(reason: String, people: Int64)] = []
    for (reason, value) in try data?.members() ?? [] {
      guard case .number(let number) = value, let people = Int64(number), people >= 0 else {
        throw Refusal("wrong-type", at: "skipped.\(reason)", "a number of people was expected")
      }
      counts.append((reason, people))
    }
    return counts.filter { $0.people > 0 }.sorted { ($1.people, $0.reason) < ($0.people, $1.reason) }
  }

  /// Recipients for each value of one of their properties, most first.
  func recipients(by property: (Group) -> String?) -> [(name: String?, people: Int64)] {
    var counts: [String?: Int64] = [:]
    for group in groups { counts[property(group), default: 0] += group.recipients }
    return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0 ?? "~") < ($0.1, $1.0 ?? "~") }
  }

  /// The newest of the campaign's present version; nil where there is none.
  static func last(of campaign: StoredCampaign, _ session: Connection) throws -> PreviewReport? {
    let rows = try session.rows(
      """
      select result from campaign_preview where campaign_id = $1 and version = $2 and result is not null order by id desc limit 1
      """
    ) {
      $0.integer(campaign.id)
      $0.integer(campaign.version)
    }
    return try rows.first.map { try PreviewReport(reading: $0.text(0)) }
  }
}
