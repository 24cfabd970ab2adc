import JSON
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import millrace

@Suite struct SendCommandTests {
  private static let templates = """
    insert into template (name, channel, language, text, signature) values
      ('due', 'sms', 'zh-CN', '{{name}}您好', '华证券'), ('due', 'sms', 'en-GB', 'Dear {{name}}', null);
    """

  private func open(_ more: String = "", _ body: (OutreachDesk) throws -> Void) throws {
    try OutreachDesk.open(OutreachDesk.gateway, Self.templates + more, body)
  }

  @Test("a preview shows text, encoding, parts, cost, gateway and what would stop it, and asks for nothing")
  func preview() throws {
    try open("insert into suppression (channel, address, reason) values ('sms', '+8613812345678', 'opted-out')") {
      desk throws in
      let run = desk.run(
        "send", "--to", "138 1234 5678", "--purpose", "service", "--template", "due", "--language", "zh-CN", "--set",
        "name=王伟", "--json")
      for text in [
        #""to":"+8613812345678","country":"CN","purpose":"service","template":"due","subject":null,"text":"【华证券】王伟您好""#,
        #""encoding":"UCS-2","length":9,"parts":1,"cost":"0.045 CNY","gateway":"one""#, #""suppressed":"opted-out""#,
      ] { #expect(run.out.contains(text), "\(text) in \(run.out)\(run.err)") }
      #expect(run.err.contains("Nothing was done."))
      #expect(try desk.lines("select topic from outbox").isEmpty)
    }
  }

  @Test("times are shown by the recipient's clock")
  func clock() throws {
    let more = "insert into template (name, channel, language, text) values ('at', 'sms', 'en-GB', '{{at|time}}')"
    try open(more) { desk throws in
      let run = desk.run(
        "send", "--to", "13812345678", "--purpose", "service", "--template", "at", "--set", "at=2026-01-31T23:30:00Z")
      #expect(run.out.contains("07:30"), "\(run.out)\(run.err)")
    }
  }

  @Test("with --execute the request goes to the intake through the outbox, stamped with the login")
  func asked() throws {
    try open("insert into branch (id, code, name, level) values (1, 'HQ', 'HQ', 'head-office')") { desk throws in
      _ = try desk.session.rows(
        "insert into person (id, code, branch_id, name, login) values (7, 'P7', 1, 'a', $1)"
      ) { $0.text(desk.login) }
      let run = desk.run(
        "send", "--to", "13812345678", "--purpose", "transactional", "--template", "due", "--language", "en-gb",
        "--set",
        "name=a\"b", "--sender", "firm", "--deadline", "2099-01-31T09:30:00+08:00", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      let rows = try desk.session.rows(
        """
        select o.source, o.types[1], o.keys[1], o.payloads[1], o.event_ids[1] = c.id, c.login, c.person_id
        from outbox o join message_command c on true where o.topic = 'outreach.sms'
        """)
      let row = try #require(rows.first)
      #expect(row.text(0) == "/millrace/people" && row.text(1) == "sms.requested" && row.text(2) == "+8613812345678")
      #expect(row.boolean(4) && row.text(5) == desk.login && row.optionalInteger(6) == 7)
      let event = try JSONTape().read(String(decoding: row.bytes(3), as: UTF8.self)) { object throws(Refusal) in
        try SMSRequested(type: "sms.requested", reading: object)
      }
      #expect(event.to == "+8613812345678" && event.message.purpose == .transactional)
      #expect(event.message.language == "en-GB" && event.message.variables == #"{"name":"a\"b"}"#)
      #expect(event.message.sender == "firm" && event.message.deadline != nil)
      // The record of what operators did has neither address nor text.
      #expect(try desk.lines("select command from operator_action where command not like '%gateways%'").isEmpty)
    }
  }

  @Test(
    "each channel has its topic, chosen by the address or by name",
    arguments: [
      (["--to", "A@b.cn", "--subject", "S"], "email", "a@b.cn"),
      (["--to", "0755 8888 8888", "--channel", "fax"], "fax", "+8675588888888"),
    ])
  func channels(_ words: [String], _ channel: String, _ address: String) throws {
    let gateways = """
      insert into gateway (name, channel, place, description) values
        ('relay', 'email', 1, '{"name": "relay", "channel": "email", "smtp": {"url": "smtp://mail:25"}, "from": "a@b.cn"}'),
        ('hylafax', 'fax', 1, '{"name": "hylafax", "channel": "fax", "hylafax": {"server": "fax:4559"}}');
      """
    try open(gateways) { desk throws in
      let run = desk.run(["send"] + words + ["--purpose", "service", "--text", "x", "--execute"])
      #expect(run.exit == .done, "\(run.err)")
      let rows = try desk.session.rows("select topic, types[1], keys[1] from outbox")
      let asked = rows.map { [$0.text(0), $0.text(1), $0.text(2)] }
      #expect(asked == [["outreach.\(channel)", "\(channel).requested", address]])
    }
  }

  @Test(
    "wrong words are one sentence, and nothing is asked for",
    arguments: [
      (["--purpose", "service", "--text", "x"], 2, "say to whom: --to PHONE or --to ADDRESS."),
      (["--to", "13812345678", "--channel", "email", "--purpose", "service"], 2, "--to is no e-mail address."),
      (["--to", "a@b.cn", "--channel", "fax", "--purpose", "service"], 2, "--to is no phone number"),
      (["--to", "a@b.cn", "--channel", "pager", "--purpose", "service"], 2, "--channel is \"pager\""),
      (["--to", "a@b.cn", "--purpose", "service", "--text", "x"], 1, "no gateway serves such messages"),
      (["--to", "12", "--purpose", "service", "--text", "x"], 2, "--to is no phone number"),
      (["--to", "13812345678", "--country", "XX", "--purpose", "service", "--text", "x"], 2, "--country is \"XX\""),
      (["--to", "13812345678", "--text", "x"], 2, "say what for: --purpose transactional, service or marketing."),
      (["--to", "13812345678", "--purpose", "service"], 2, "give one of --text and --template."),
      (
        ["--to", "13812345678", "--purpose", "service", "--text", "x", "--set", "a=b"], 2, "--set and --language belong"
      ),
      (["--to", "13812345678", "--purpose", "service", "--text", ""], 1, "text: too-short"),
      (
        ["--to", "13812345678", "--purpose", "service", "--text", "x", "--deadline", "2020-01-31T09:30:00+08:00"], 2,
        "--deadline is over already."
      ),
      (
        ["--to", "13812345678", "--purpose", "service", "--text", "x", "--gateway", "two"], 1,
        "there is no gateway \"two\""
      ),
      (["--to", "+442079460958", "--purpose", "service", "--text", "x"], 1, "no gateway serves such messages"),
      (
        ["--to", "+442079460958", "--purpose", "service", "--text", "x", "--gateway", "one"], 1,
        "one serves no such messages"
      ),
      (
        ["--to", "13812345678", "--purpose", "service", "--text", "x", "--budget", "none"], 1,
        "there is no budget \"none\"."
      ),
      (["--to", "13812345678", "--purpose", "service", "--template", "no"], 1, "there is no template \"no\"."),
      (
        ["--to", "13812345678", "--purpose", "service", "--template", "due"], 2, "due is there for sms en-GB, sms zh-CN"
      ),
      (
        ["--to", "13812345678", "--purpose", "service", "--template", "due", "--language", "en-GB"], 1,
        "missing variable name."
      ),
    ])
  func wrong(_ words: [String], _ exit: Int32, _ sentence: String) throws {
    try open { desk throws in
      let run = desk.run(["send"] + words + ["--execute"])
      #expect(run.exit.rawValue == exit && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
      #expect(try desk.lines("select topic from outbox").isEmpty)
    }
  }

  @Test("a request whose data are not those of its recipient is refused by the database")
  func forged() throws {
    try open { desk throws in
      let clerk = try desk.connect(role: "millrace_operator")
      #expect(throws: PostgresError.self) {
        try clerk.run(script: #"select ask_for_message('sms', '+1', '{"to": "+2"}')"#)
      }
    }
  }
}
