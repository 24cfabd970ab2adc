import Contract
import Digest
import JSON
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import take_commands

/// A firm with a plan that waits for whoever may take it on, and the worker's turns on it, made with the worker's own rights.
final class CommandDesk {
  /// The test's own session.
  let session: Connection
  private let lane: Connection
  private var front: FrontEnds
  private var number = 0

  /// Ann has planned `spring` for the East, Bea manages a branch of the same level; Gus has left.
  static let firm = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'), (2, 'EAST', 'e', 1, 'province'),
      (3, 'WEST', 'w', 1, 'province');
    insert into person (id, code, branch_id, name, manager, active) values (1, 'ANN', 2, 'Ann', true, true),
      (2, 'BEA', 2, 'Bea', true, true), (3, 'WIM', 3, 'Wim', true, true), (4, 'GUS', 2, 'Gus', true, false);
    update person set login = session_user where code = 'ANN';
    """

  static let plan = """
    {"name": "spring", "title": "Spring", "objective": "cross-sell", "branch": "EAST", "purpose": "marketing",
     "audience": {"customers": "level = gold"}, "channels": [{"channel": "sms", "template": "x"}], "expires": "2099-01-01T00:00:00Z"}
    """

  static func open(_ body: @escaping @Sendable (CommandDesk) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CommandDesk(database)
        try desk.session.run(script: firm)
        try #require(try desk.ask("select define_campaign($1)", plan) == "defined")
        try desk.session.run(
          script: """
            insert into campaign_preview (campaign_id, version, made_at, result) select id, version, now(), '{}' from campaign;
            update person set login = null;
            """)
        try body(desk)
      }
    }
  }

  private static let secret = "0123456789abcdef0123456789abcdef"

  private init(_ database: TestDatabase) throws {
    session = try database.connect()
    var limits = TestDatabase.limits
    limits.role = "millrace_take_commands"
    lane = try database.connect(as: "take-commands", limits: limits)
    front = FrontEnds(secrets: try #require(CommandSecrets("https://desk=\(CommandDesk.secret)")))
  }

  // MARK: Commands

  enum Signed { case rightly, wrongly, not }

  func command(
    _ wanted: CampaignProgress.Command, _ by: String, campaign: String = "spring", version: Int64 = 1,
    note: String? = "because", until: String? = nil, ago seconds: Int64 = 0, source: String = "https://desk",
    signed: Signed = .rightly
  ) throws -> Delivery<CampaignCommands> {
    number += 1
    let id = "c\(number)"
    let command = CampaignCommands(
      wanted, campaign: campaign, by: by, version: version, note: note,
      until: until.flatMap { Timestamp(rfc3339: $0.utf8) })
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    return Delivery(
      command, source: source, id: id, happened: now.adding(seconds: -seconds), signature: CommandDesk.sign(id, signed))
  }

  private static func sign(_ id: String, _ signed: Signed) -> Signature? {
    guard signed != .not else { return nil }
    let message = Array("\(signed == .rightly ? id : "another")\nt\n{}".utf8)
    let code = message.withUnsafeBytes { KeyedHash(key: Array(secret.utf8)).code(of: $0) }
    let digits = Array("0123456789abcdef".utf8)
    let hex = code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return Signature(hex: hex, id: Array(id.utf8), time: Array("t".utf8), data: Array("{}".utf8))
  }

  /// What the worker decides of each, and writes.
  @discardableResult
  func take(_ commands: Delivery<CampaignCommands>...) throws -> [String] {
    _ = try lane.rows("begin")
    do {
      var book = try TakeCommands.load(commands, &front, Transaction(open: lane))
      let now = try lane.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [GivenCommand] = []
      var outcomes: [String] = []
      for command in commands {
        switch TakeCommands.decide(command, &book, now) {
        case .apply(let change, _, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
        case .ignore(let reason): outcomes.append(reason.description)
        case .reject(let refusal): outcomes.append("\(refusal.path): \(refusal.reason)")
        }
      }
      for write in TakeCommands.writes {
        var arguments = Arguments()
        guard write.bind(book, changes[...], &arguments) > 0 else { continue }
        _ = try lane.rows(write.statement, arguments)
      }
      _ = try lane.rows("commit")
      return outcomes
    } catch {
      _ = try lane.rows("rollback")
      throw error
    }
  }

  // MARK: Looking

  func ask(_ statement: Statement, _ text: String) throws -> String? {
    try session.rows(statement) { $0.text(text) }[0].optionalText(0)
  }

  var state: String {
    get throws { try session.rows("select state from campaign")[0].text(0) }
  }

  /// What has been told since this was last asked: `approved BEA c2`, or `approve BEA c3: your-own`.
  func told() throws -> [String] {
    let rows = try session.rows(
      "select types[1], payloads[1] from outbox where topic = 'campaign.progress' order by id")
    try session.run(script: "delete from outbox")
    return try rows.map { row in
      let event = try JSONTape().read(String(decoding: row.bytes(1), as: UTF8.self)) { object throws(Refusal) in
        try CampaignProgress(type: row.text(0), reading: object)
      }
      switch event {
      case .stepped(let step):
        return [step.step.rawValue, step.by, step.command?.id].compactMap { $0 }.joined(separator: " ")
      case .declined(let declined):
        return "\(declined.wanted.rawValue) \(declined.by) \(declined.command.id): \(declined.reason)"
      }
    }
  }
}
