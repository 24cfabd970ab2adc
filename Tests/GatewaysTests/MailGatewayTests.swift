import Gateways
import HTTP
import Mail
import Testing
import Values

@Suite struct MailGatewayTests {
  private static func described(_ fields: String = "", smtp: String = "") -> String {
    #"{"name": "relay", "channel": "email", "smtp": {"url": "smtp://mail.example:25"\#(smtp)}, "from": "Firm <a@firm.example>"\#(fields)}"#
  }

  private func relay(_ fields: String = "", smtp: String = "") throws -> MailGateway {
    try #require(try GatewaysTests.described(Self.described(fields, smtp: smtp)).get().mail)
  }

  @Test("a description says how the server is spoken to and what its mails look like")
  func read() throws {
    let login = #", "user": "firm", "password": "{{secret.MAIL_PASSWORD}}", "hello": "out.firm.example""#
    let description = try GatewaysTests.described(
      Self.described(
        #", "rate": 50, "replyTo": "help@firm.example", "bounces": "b+{mark}@mail.firm.example", "tracking": {"clicks": true}"#,
        smtp: login)
    ).get()
    let gateway = try #require(description.mail)
    #expect(description.channel == .email && description.rate == 50 && description.secrets == ["MAIL_PASSWORD"])
    #expect(description.retries.first == .seconds(60) && description.retries.times == 30)
    #expect(gateway.from.name == "Firm" && gateway.replyTo?.address == "help@firm.example")
    #expect(gateway.countsClicks && !gateway.countsOpens)
    #expect(gateway.envelopeSender("m1.1.abc", from: gateway.from) == "b+m1.1.abc@mail.firm.example")
    let server = try gateway.server { $0 == "MAIL_PASSWORD" ? "s3cret" : nil }
    #expect(
      server
        == MailRequest.Server(
          url: "smtp://mail.example:25", encryption: .required, user: "firm", password: "s3cret",
          hello: "out.firm.example"))
    #expect(throws: Refusal.self) { try gateway.server { _ in nil } }
    // It waits for a secret that can be said, as it waits for one that is not there.
    #expect(throws: Refusal.self) { try gateway.server { _ in "s3cret\n" } }
    let bare = try relay()
    #expect(bare.envelopeSender("m1.1.abc", from: bare.from) == "a@firm.example")
  }

  @Test(
    "what is wrong with it is refused with its place",
    arguments: [
      (described(#", "request": {}"#), "request unknown-field"),
      (described(#", "bounces": "b@firm.example""#), "bounces not-an-address"),
      (described(#", "bounces": "b+{mark}+{mark}@firm.example""#), "bounces not-an-address"),
      // The longest mark makes it longer than an address may be.
      (described(#", "bounces": "bounces-of-the-firm+{mark}@firm.example""#), "bounces not-an-address"),
      (described(#", "replyTo": "nobody""#), "replyTo not-an-address"),
      (described(smtp: #", "user": "firm""#), "smtp.user missing"),
      (described(smtp: #", "encryption": "starttls""#), "smtp.encryption unknown-word"),
      (described(smtp: #", "encryption": "never", "user": "a", "password": "b""#), "smtp not-a-server"),
      (described(#", "tracking": {"links": true}"#), "tracking.links unknown-field"),
      (described(smtp: #", "encryption": "when-offered", "user": "a", "password": "b""#), "smtp not-a-server"),
      (described(smtp: #", "hello": "not a host""#), "smtp not-a-server"),
      (
        #"{"name": "relay", "channel": "email", "smtp": {"url": "smtp://mail/"}, "from": "a@b.cn"}"#,
        "smtp not-a-server"
      ),
      (#"{"name": "relay", "channel": "email", "from": "a@b.cn"}"#, "smtp missing"),
      (
        #"{"name": "relay", "channel": "email", "smtp": {"url": "http://mail"}, "from": "a@b.cn"}"#,
        "smtp.url not-a-url"
      ),
      (
        #"{"name": "relay", "channel": "email", "smtp": {"url": "smtp://a@mail"}, "from": "a@b.cn"}"#,
        "smtp.url not-a-url"
      ),
      (
        #"{"name": "relay", "channel": "email", "smtp": {"url": "smtp://mail"}, "from": "Firm"}"#, "from not-an-address"
      ),
    ])
  func refused(_ text: String, _ refusal: String) {
    #expect(GatewaysTests.described(text).refusal == refusal)
  }

  @Test(
    "a server's refusal is proof of what it is about, and of nothing else",
    arguments: [
      (550, "5.1.1", MailStep.recipient, false, Refused.Kind.gone), (552, "5.2.2", .recipient, false, .recipient),
      (450, "4.2.0", .recipient, false, .later), (554, "5.7.1", .content, false, .message),
      (421, nil, .sender, false, .busy),
      (535, "5.7.8", .session, false, .gateway), (553, nil, .sender, false, .gateway),
      (553, nil, .sender, true, .message),
    ] as [(Int, String?, MailStep, Bool, Refused.Kind)])
  func verdicts(_ code: Int, _ enhanced: String?, _ step: MailStep, _ hasOwnSender: Bool, _ kind: Refused.Kind) throws {
    let answer = MailAnswer(code: code, enhanced: enhanced, text: "bob@people.example has no s3cret place here")
    let refused = try relay(smtp: #", "user": "firm", "password": "{{secret.KEY}}""#).refused(
      answer, at: step, to: "bob@people.example", hasOwnSender: hasOwnSender
    ) { _ in "s3cret" }
    #expect(refused.kind == kind && refused.code == enhanced ?? "\(code)")
    #expect(!refused.detail.contains("bob") && !refused.detail.contains("s3cret"), "\(refused.detail)")
    #expect(refused.detail.hasPrefix("\(step.rawValue): \(code)"))
  }

  @Test(
    "no mailbox is named, however the server writes it, and no other word is left out",
    arguments: [
      ("jdoe@people.example", "No such user jdoe", "No such user …"),
      ("jdoe@people.example", "<JDoe>: /var/mail/jdoe_1 is full, jdoe2", "<…>: /var/mail/…_1 is full, jdoe2"),
      ("jdoe+news@people.example", "jdoe is over quota (jdoe+news)", "… is over quota (…)"),
      ("info@people.example", "info: no more information", "…: no more information"),
      ("li@people.example", "list is full", "list is full"),
    ])
  func unnamed(_ to: String, _ said: String, _ told: String) throws {
    let refused = try relay().refused(
      MailAnswer(code: 550, enhanced: nil, text: said), at: .recipient, to: to, hasOwnSender: false
    ) { _ in nil }
    #expect(refused.detail == "recipient: 550 \(told)")
  }
}
