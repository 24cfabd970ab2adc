import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct GatewayCommandTests {
  @Test(
    "descriptions are shown with what they want, stored with --execute, counted up where they changed and only there")
  func loading() throws {
    try OutreachDesk.open(nil) { desk throws in
      let shown = try desk.load(OutreachDesk.gateway)
      #expect(shown.exit == .done && shown.out.contains("Nothing was done."), "\(shown.err)")
      #expect(shown.rows.first == ["one", "sms", "1", "new", "10", "CN", "-", "100", "0.045 CNY", "KEY", "-"])
      #expect(try desk.lines("select name from gateway").isEmpty)
      #expect(try desk.load(OutreachDesk.gateway, "--execute").out.contains("Stored."))
      let kept = try desk.lines(
        """
        select concat_ws(' ', g.version, array_to_string(g.countries, ','), g.purposes, g.rate, g.price, g.currency, g.enabled,
          g.changed_by like 'outreach_%', p.next_at) from gateway g join gateway_pace p on p.gateway = g.name
        """)
      #expect(kept == ["1 CN 100 0.045000 CNY t t -infinity"])
      // The order of members says nothing.
      let same = try desk.load(
        OutreachDesk.gateway.replacing(#""channel": "sms", "place": 10,"#, with: #""place": 10, "channel": "sms","#),
        "--execute")
      #expect(same.out.contains("Nothing changes.") && same.rows.first?[3] == "same", "\(same.out)")
      let other = OutreachDesk.gateway.replacing("0.045", with: "0.05")
      let two = other.replacing(#""one""#, with: #""two""#)
      let changed = try desk.load("{\"gateways\": [\(other), \(two)]}", "--execute")
      #expect(changed.rows.first?.last == "other price" && changed.rows.first?[2] == "2", "\(changed.out)")
      #expect(changed.rows[1][3] == "new")
      #expect(try desk.lines("select name || version from gateway order by 1") == ["one2", "two1"])
      #expect(try desk.lines("select gateway from gateway_pace order by 1") == ["one", "two"])
      #expect(
        try desk.lines("select count(*)::text from operator_action where command like 'outreach gateways load%'") == [
          "2"
        ]
      )
    }
  }

  @Test(
    "what is no description is refused with file and field, and nothing is stored",
    arguments: [
      ("[1]", "a JSON object was expected"),
      (#"{"gateways": []}"#, "gateways: missing: the field is required"),
      (
        "{\"gateways\": [\(OutreachDesk.gateway), \(OutreachDesk.gateway.replacing("POST", with: "SING"))]}",
        "gateways[1].request.method: "
      ),
      (
        OutreachDesk.gateway.replacing("\"rate\"", with: "\"rat\""), "rat: unknown-field: nothing reads this field; did"
      ),
      ("{\"gateways\": [\(OutreachDesk.gateway), \(OutreachDesk.gateway)]}", "one stands there twice."),
    ])
  func refused(_ text: String, _ wanted: String) throws {
    try OutreachDesk.open(nil) { desk throws in
      let run = try desk.load(text, "--execute")
      #expect(run.exit == .no && run.err.contains(wanted), "\(run.err)")
      #expect(try desk.lines("select name from gateway").isEmpty)
    }
  }

  @Test("the list says how much waits since when, what is under way, uncertain, taken and lost, and the last error")
  func listed() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      try desk.load(OutreachDesk.gateway.replacing(#""one""#, with: #""two""#), "--execute")
      try desk.session.run(
        script: """
          update message set accepted_at = now() - interval '2 hours' where id = 5;
          update gateway set description = '{}' where name = 'two'
          """)
      let out = desk.run("gateways", "list", "--json").out
      #expect(out.contains(#""name":"one","channel":"sms","state":"enabled","queued":2,"#), "\(out)")
      #expect(out.contains(#""inFlight":1,"uncertain":1,"accepted":1,"failed":1,"#), "\(out)")
      #expect(out.contains(#""wants":"KEY""#) && out.contains(#""lastError":"400: no such number""#), "\(out)")
      #expect(out.contains(#""name":"two","channel":"sms","state":"unreadable: name: missing"#), "\(out)")
      let oldest = try desk.lines("select event_time(due_at) from message where id = 1")
      #expect(out.contains(#""oldest":"\#(oldest[0].prefix(19))"#), "\(out) \(oldest)")
    }
  }

  @Test("a gateway is disabled and enabled, once each, with who did it")
  func switching() throws {
    try OutreachDesk.open { desk throws in
      #expect(desk.run("gateways", "disable", "one").out.contains("Nothing was done."))
      #expect(desk.run("gateways", "enable", "one", "--execute").err.contains("one is enabled already."))
      #expect(desk.run("gateways", "disable", "one", "--execute").exit == .done)
      #expect(try desk.lines("select concat(enabled, version) from gateway") == ["f2"])
      #expect(desk.run("gateways", "list").rows.first?[2] == "disabled")
      #expect(desk.run("gateways", "enable", "one", "--execute").exit == .done)
      #expect(try desk.lines("select concat(enabled, version) from gateway") == ["t3"])
      #expect(desk.run("gateways", "enable", "nine").err == "millrace: there is no gateway \"nine\".\n")
      #expect(
        try desk.lines("select command from operator_action where command like '%able one%' order by id").count == 2)
    }
  }
}
