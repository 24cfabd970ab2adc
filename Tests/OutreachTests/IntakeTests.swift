import Contract
import Postgres
import Settings
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
      var memory = IntakeMemory(try Settings(reading: Environment([:]), declared: []))
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

  @Test("a budget has to be there")
  func budgets() throws {
    let made = try compose(
      [request(budget: "spring"), request(budget: "autumn"), request()],
      "insert into budget (name, currency) values ('spring', 'CNY')")
    #expect(try made[0].get().budget == "spring" && made[2].get().budget == nil)
    #expect(throws: Refusal("unknown-budget", at: "budget", "there is no budget of this name")) { try made[1].get() }
  }
}
