import Postgres
import TestKit

@testable import millrace

/// The command's `campaign` on a migrated database, given by two people of one branch: an author, and a manager who reviews.
struct CampaignDesk {
  let desk: OutreachDesk
  let peer: String
  var session: Connection { desk.session }

  static let name = "spring-bonds-2027"

  static func definition(_ more: String = "", name: String = name, end: String = "2099-03-31T18:00:00+08:00") -> String
  {
    #"""
    {"name": "\#(name)", "title": "Spring bonds 春季", "objective": "cross-sell", "branch": "SH", "purpose": "marketing",
     "audience": {"customers": "level = gold"}, "variants": [{"name": "a", "share": 50, "variables": {"offer": "2.9 %"}},
     {"name": "b", "share": 50}], "channels": [{"channel": "sms", "template": "spring-bonds", "language": "zh-CN"}],
     \#(more)"expires": "\#(end)"}
    """#
  }

  static func open(_ body: (CampaignDesk) throws -> Void) throws {
    try OutreachDesk.open(OutreachDesk.gateway, firm) { desk throws in
      let peer = "peer_" + String(UInt64.random(in: 0 ... .max), radix: 36)
      try desk.session.run(script: "create role \(peer) login password 'p'; grant millrace_operator to \(peer)")
      func drop() throws { try desk.session.run(script: "drop owned by \(peer); drop role \(peer)") }
      do {
        for (code, login) in [("P1", desk.login), ("P2", peer)] {
          _ = try desk.session.rows("update person set login = $2 where code = $1") {
            $0.text(code)
            $0.text(login)
          }
        }
        try body(CampaignDesk(desk: desk, peer: peer))
      } catch let first {
        do { try drop() } catch { throw first }
        throw first
      }
      try drop()
    }
  }

  private static let firm = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'head office', null, 'head-office'),
      (2, 'SH', 'Shanghai', 1, 'province'), (3, 'BJ', 'Beijing', 1, 'province');
    insert into person (id, code, branch_id, name, manager) values (1, 'P1', 2, 'Wang', false), (2, 'P2', 2, 'Li', true);
    insert into template (name, channel, language, text, signature) values
      ('spring-bonds', 'sms', 'zh-CN', '{{#if test}}测试：{{/if}}{{name}}您好，年化{{offer|default:"2.5 %"}}，{{total|money}}', '华证券');
    """

  func run(_ words: String...) -> CommandRun { run(words) }
  func run(_ words: [String]) -> CommandRun { CommandRun(["campaign"] + words, more: ["DATABASE_URL": desk.conninfo]) }

  /// The same by whoever reviews.
  func review(_ words: String...) -> CommandRun {
    CommandRun(["campaign"] + words, more: ["DATABASE_URL": "user=\(peer) password=p \(desk.database.conninfo)"])
  }

  @discardableResult
  func define(_ text: String = definition()) throws -> CommandRun {
    try temporaryFile(text) { run("define", $0) }
  }

  /// As launch-campaigns makes it, of whatever version there is.
  func makePreview(_ result: String = preview, failure: String? = nil) throws {
    _ = try session.rows("select ask_for_preview($1)") { $0.text(Self.name) }
    _ = try session.rows(
      "update campaign_preview set made_at = now(), result = case when $2::text is null then $1 end, failure = $2 where made_at is null"
    ) {
      $0.text(result)
      $0.text(failure)
    }
  }

  func approve() throws {
    try define()
    try makePreview()
    _ = run("submit", Self.name)
    _ = review("approve", Self.name, "--version", "1")
  }

  func state() throws -> String { try desk.lines("select state from campaign where name = 'spring-bonds-2027'")[0] }

  static let preview = #"""
    {"campaign": "spring-bonds-2027", "version": 1, "madeAt": "2026-11-22T08:14:03.120000Z", "audience": 61240, "excluded": 312,
     "heldOut": 2904, "skipped": {"no-address": 702, "opted-out": 3027}, "send": [
       {"channel": "sms", "variant": "a", "branch": "SH", "region": "CN-SH", "language": "zh-CN", "recipients": 30000},
       {"channel": "sms", "variant": "b", "branch": "BJ", "region": null, "language": null, "recipients": 24607}],
     "recipients": 54607, "parts": {"most": 2, "mean": 1.4}, "cost": {"amount": "3822.49", "currency": "CNY"},
     "budget": {"name": "spring-2027", "left": "5000.00", "currency": "CNY"}, "perHour": 20000, "ends": "2027-03-01T03:43:49.000000Z",
     "samples": [{"variant": "a", "channel": "sms", "language": "zh-CN", "to": "+86138****8000", "subject": null,
       "text": "尊敬的<b>张先生</b>\n\u202e退订回T", "parts": 1}],
     "missing": [{"variable": "managerName", "template": "spring-bonds", "recipients": 3}],
     "warnings": ["the <budget> would not last"]}
    """#
}
