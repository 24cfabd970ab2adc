import Campaigns
import Postgres
import TestKit
import Testing
import Values

/// A small firm whose people are of all kinds.
///
///     1 HQ (head office)
///     2 SH, below it; 3 SH-PD, below that; 4 BJ, below the head office
struct Firm {
  let session: Connection

  static func open(_ script: String = "", _ body: (Firm) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: branches)
      try session.run(script: script)
      try body(Firm(session: session))
    }
  }

  private static let branches = """
    insert into branch (id, code, name, parent_id, level, time_zone) overriding system value values
      (1, 'HQ', '总部', null, 'head-office', 'Asia/Shanghai'), (2, 'SH', '上海', 1, 'province', 'Asia/Shanghai'),
      (3, 'SH-PD', '浦东', 2, 'city', 'Asia/Shanghai'), (4, 'BJ', '北京', 1, 'province', 'Asia/Shanghai');
    insert into person (id, code, branch_id, name) overriding system value values
      (1, 'P-1', 2, '张经理'), (2, 'P-2', 3, '李经理'), (3, 'P-3', 4, '王经理');
    insert into template (name, channel, language, version, text, subject, stored_at, stored_by) values
      ('spring', 'sms', 'zh-CN', 1, '尊敬的{{name}}，{{offer}}', null, now(), 'test'),
      ('spring', 'sms', 'en-GB', 1, 'Dear {{name|default:"customer"}}, {{offer}} from {{manager}}', null, now(), 'test'),
      ('spring', 'email', 'zh-CN', 1, '{{name}} {{offer}}', '{{offer}}', now(), 'test');
    """

  func add(_ customers: Customer...) throws {
    for customer in customers { try customer.add(to: session) }
  }

  func run<each Answer>(_ question: repeat Question<each Answer>) throws -> (repeat each Answer) {
    try session.run(script: "begin")
    let answers = try Transaction(open: session).ask(repeat each question)
    try session.run(script: "commit")
    return (repeat each answers)
  }

  func audience(
    _ definition: CampaignDefinition, branch: Int64 = 1, seed: String = "seed", given: Set<String> = []
  ) throws -> Audience {
    let (scope, templates, names) = try run(
      AudienceScope.ask(branch), CampaignTemplates.ask(definition), CampaignNames.ask(definition))
    return Audience(
      definition, scope, seed: seed, needs: try templates.needs(of: definition, given: given), names: names)
  }

  /// Why a definition has no audience: path and reason.
  func refusal(_ more: String, channels: String? = nil) throws -> String? {
    let definition = try CampaignDefinition.of("status = active", .customers, more, channels: channels)
    let templates = try run(CampaignTemplates.ask(definition))
    do throws(Refusal) {
      _ = try templates.needs(of: definition)
      return nil
    } catch { return "\(error.path) \(error.reason)" }
  }

  /// All of an audience, so many at a time.
  func everybody(_ audience: Audience, by limit: Int = 3) throws -> [Candidate] {
    var all: [Candidate] = []
    while true {
      let page = try run(audience.page(after: all.last?.subject ?? 0, limit: limit))
      // Otherwise it would have no end.
      try #require(page.first?.subject ?? .max > all.last?.subject ?? 0)
      all += page
      if page.count < limit { return all }
    }
  }

  /// Numbers and what becomes of them: `1 send sms`.
  func outcomes(_ definition: CampaignDefinition, branch: Int64 = 1) throws -> [String] {
    try everybody(try audience(definition, branch: branch)).map { candidate in
      "\(candidate.subject) \(candidate.outcome.word)"
    }
  }

  func people(_ filter: String, _ kind: CampaignDefinition.Kind = .customers, branch: Int64 = 1) throws -> [Int64] {
    let definition = try CampaignDefinition.of(filter, kind)
    return try everybody(try audience(definition, branch: branch), by: 2).map(\.subject)
  }
}

struct Customer {
  var id: Int64
  var name: String? = "王伟"
  var phones: [(number: Int64, kind: String?)] = []
  var email: String?
  var consents = true
  var columns: [(name: String, value: String)] = []

  init(
    _ id: Int64, name: String? = "王伟", phone: Int64? = nil, email: String? = nil, consents: Bool = true,
    _ columns: KeyValuePairs<String, String> = [:]
  ) {
    (self.id, self.name, self.email, self.consents) = (id, name, email, consents)
    phones = [(phone ?? 8_613_800_000_000 + id, "mobile")]
    self.columns = columns.map { ($0.key, $0.value) }
  }

  func add(to session: Connection) throws {
    let names = (["id", "code", "version", "data", "status", "name", "email", "consented", "changed_at"]).joined(
      separator: ", ")
    func quoted(_ text: String?) -> String { text.map { "'\($0)'" } ?? "null" }
    let more = columns.filter { $0.name != "status" }
    let status = columns.first { $0.name == "status" }?.value ?? "'active'"
    try session.run(
      script: """
        insert into customer (\(names)\(more.map { ", " + $0.name }.joined())) values (\(id), 'C\(id)', 1,
          gen_random_uuid(), \(status), \(quoted(name)), \(quoted(email)), \(consents ? 4 | 32 : 0), now()\(more.map { ", " + $0.value }.joined()))
        """)
    for (place, phone) in phones.enumerated() {
      try session.run(
        script: """
          insert into customer_phone (phone, customer_id, place, kind, region)
          values (\(phone.number), \(id), \(place), \(quoted(phone.kind)), 'CN-SH')
          """)
    }
  }
}

extension CampaignDefinition {
  /// To customers or leads of a filter, by SMS in the language `zh-CN` unless more is said.
  static func of(_ filter: String, _ kind: Kind = .customers, _ more: String = "", channels: String? = nil) throws
    -> CampaignDefinition
  {
    let escaped = filter.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return try CampaignDefinition(
      reading: """
        {"name": "spring", "title": "Spring", "objective": "cross-sell", "branch": "HQ", "purpose": "marketing",
         "audience": {"\(kind.rawValue)": "\(escaped)"}, "expires": "2099-01-01T00:00:00Z",
         "variables": {"offer": "2.9 %"},
         "channels": \(channels ?? #"[{"channel": "sms", "template": "spring", "language": "zh-CN"}]"#)\(more)}
        """)
  }
}

extension AudienceOutcome {
  var word: String {
    switch self {
    case .send: "send"
    case .heldOut: "held-out"
    case .excluded: "excluded"
    case .skipped(let reason): reason
    }
  }
}
