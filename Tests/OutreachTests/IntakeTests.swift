import Contract
import Postgres
import Templates
import TestKit
import Testing
import Topics
import Values

@testable import Outreach

@Suite struct IntakeTests {
  private static let firm = #"""
    insert into gateway (name, channel, place, countries, purposes, description)
    select name, 'sms', place, countries, purposes, json_build_object('name', name, 'channel', 'sms', 'place', place,
      'countries', coalesce(countries, '{}'), 'purposes', coalesce(purposes, '{}'),
      'request', '{"method": "POST", "url": "http://127.0.0.1:9/", "json": {"to": "{{to}}", "text": "{{text}}"}}'::json,
      'answer', '{"accepted": [{"status": ["200"]}]}'::json)::text
    from (values ('china', 1, array['CN'], null), ('notices', 2, null, array['service']), ('any', 3, null, null))
      g (name, place, countries, purposes);
    """#

  private func request(
    _ purpose: Purpose = .service, template: String? = nil, _ variables: [String: TemplateValue] = [:],
    country: String? = "CN", zones: String? = nil, gateway: String? = nil, budget: String? = nil
  ) -> MessageIntake.Request {
    var said = MessageRequest(purpose)
    (said.template, said.text) = (template, template == nil ? "1" : nil)
    (said.gateway, said.budget) = (gateway, budget)
    return MessageIntake.Request(
      said, variables: variables, source: "/s", id: "1", phone: 8_613_800_000_000, country: country, timeZone: zones)
  }

  private func compose(
    _ requests: [MessageIntake.Request], _ more: String = ""
  ) throws -> [Result<NewMessage, Refusal>] {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: Self.firm + more)
      var limits = TestDatabase.limits
      limits.role = "millrace_send_sms"
      let worker = try database.connect(limits: limits)
      try worker.run(script: "begin")
      var memory = IntakeMemory()
      var intake = try MessageIntake(requests, .sms, &memory, Transaction(open: worker))
      let now = Timestamp(rfc3339: "2026-11-20T12:00:00Z".utf8)!
      return try requests.map {
        switch intake.compose($0, .sms, now) {
        case .apply(let message, _, _): return .success(message)
        case .reject(let refusal): return .failure(refusal)
        case .ignore: throw Ignored()
        }
      }
    }
  }

  private struct Ignored: Error {}

  @Test(
    "times are told by the recipient's clock, the first of several, in summer as in winter; a day is the same everywhere"
  )
  func clocks() throws {
    let template = """
      insert into template (name, channel, language, text) values ('due', 'sms', 'en-GB', '{{at|datetime}} {{day|date:"short"}}');
      """
    let winter: [String: TemplateValue] = ["at": .text("2026-01-31T23:30:00Z"), "day": .text("2026-01-31")]
    let summer: [String: TemplateValue] = ["at": .text("2026-07-31T23:30:00.5+00:00"), "day": .text("2026-07-31")]
    let cases: [(zones: String?, values: [String: TemplateValue], wanted: String)] = [
      ("Asia/Shanghai", winter, "1 Feb 2026, 07:30 31/01/2026"),
      ("America/New_York", winter, "31 Jan 2026, 18:30 31/01/2026"),
      ("America/New_York", summer, "31 Jul 2026, 19:30 31/07/2026"),
      ("Australia/Sydney,Australia/Perth", winter, "1 Feb 2026, 10:30 31/01/2026"),
      // Nobody knows where they are: as it is written.
      (nil, winter, "31 Jan 2026, 23:30 31/01/2026"), ("Nowhere/Else", winter, "31 Jan 2026, 23:30 31/01/2026"),
    ]
    let made = try compose(cases.map { request(template: "due", $0.values, zones: $0.zones) }, template)
    #expect(try made.map { try $0.get().body } == cases.map(\.wanted))
  }

  @Test(
    "a registered text's variables are given as the text tells them, in its order; what it does not tell is not given")
  func variables() throws {
    let values: [String: TemplateValue] = [
      "amount": .money(Money("1234.5", "CNY")!), "at": .text("2026-01-31T23:30:00Z"), "customer.name": .text("王\"伟\""),
      "vip": .boolean(true), "unused": .text("x"), "count": .number("12345"),
    ]
    let made = try compose(
      [request(template: "due", values, zones: "Asia/Shanghai"), request(template: "plain")],
      """
      insert into template (name, channel, language, text, provider_template) values
        ('due', 'sms', 'zh-CN', '{{customer.name}}{{#if vip}}贵宾{{/if}}，{{amount|money:"name"}}于{{at|date}}到账，{{count|number}}'
          || '笔{{rest|default:"无"}}；{{amount|money:"code"}}{{#if unused is "y"}}{{unused}}{{/if}}', 'SMS_1'),
        ('plain', 'sms', 'zh-CN', '您好', 'SMS_2')
      """)
    #expect(
      try made[0].get().variables
        == #"{"customer.name":"王\"伟\"","amount":"1,234.50元","at":"2026年2月1日","count":"12,345","rest":"无"}"#)
    #expect(try made[1].get().variables == nil)
  }

  @Test("a gateway that is named has to serve the purpose and the country")
  func served() throws {
    let cases: [(purpose: Purpose, country: String?, gateway: String?, wanted: String)] = [
      (.service, "CN", "notices", "notices"), (.marketing, "CN", "notices", "not-served"),
      (.marketing, "CN", "china", "china"), (.marketing, "HK", "china", "not-served"),
      (.service, nil, "china", "not-served"), (.transactional, nil, "any", "any"),
      (.service, "CN", "none", "unknown-gateway"), (.service, "HK", nil, "notices"), (.marketing, "HK", nil, "any"),
    ]
    let made = try compose(cases.map { request($0.purpose, country: $0.country, gateway: $0.gateway) })
    let found = made.map { result in
      switch result {
      case .success(let message): message.gateway
      case .failure(let refusal): refusal.reason
      }
    }
    #expect(found == cases.map(\.wanted))
  }

  @Test("a budget has to be there")
  func budgets() throws {
    let made = try compose(
      [request(budget: "spring"), request(budget: "autumn"), request()],
      "insert into budget (name, currency) values ('spring', 'CNY')")
    #expect(try made[0].get().budget == "spring" && made[2].get().budget == nil)
    #expect(throws: Refusal("unknown-budget", at: "budget", "there is no budget of this name")) { try made[1].get() }
  }
}
