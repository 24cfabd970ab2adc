import JSON
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import millrace

@Suite struct UncertainCommandTests {
  private func open(_ body: (OutreachDesk) throws -> Void) throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger, body)
  }

  private static let state: Statement = """
    select concat_ws(' ', state, reason, attempt, accepted_at is not null, settled_at is not null, due_at > now() - interval '1 minute')
    from message where id = 4
    """

  @Test("uncertain messages are listed by gateway and age")
  func listed() throws {
    try open { desk throws in
      #expect(desk.run("uncertain", "list").rows.map(\.first) == ["4"])
      #expect(desk.run("uncertain", "list", "--older", "1h").out == "No message is uncertain.\n")
      #expect(desk.run("uncertain", "list", "--older", "4m", "--gateway", "one").rows.count == 1)
      #expect(desk.run("uncertain", "list", "--gateway", "two").out == "No message is uncertain.\n")
      #expect(desk.run("uncertain", "list", "--totals").rows.first?.prefix(3) == ["one", "sender-lost", "1"])
    }
  }

  @Test(
    "what somebody found out settles a message, is told by an event that readers can read, and is kept",
    arguments: [("delivered", "delivered resolved 1 t t f"), ("failed", "failed resolved 1 f t f")])
  func resolved(_ outcome: String, _ state: String) throws {
    try open { desk throws in
      try desk.session.run(
        script: """
          insert into budget (name, currency, most, reserved) values ('spring', 'CNY', 100, 0.135);
          update message set budget = 'spring', reserved = 0.135, parts = 3 where id = 4
          """)
      let words = ["uncertain", "resolve", "4", "--as", outcome, "--because", "in the report"]
      #expect(desk.run(words).out.contains("Nothing was done."))
      #expect(try desk.lines(Self.state) == ["uncertain sender-lost 1 f f f"])
      let run = desk.run(words + ["--execute"])
      #expect(run.exit == .done && run.rows.first?.last == outcome, "\(run.err)")
      #expect(try desk.lines(Self.state) == [state])
      #expect(
        try desk.lines("select concat_ws(' ', message_id, attempt, outcome, because, login) from message_resolution")
          == ["4 1 \(outcome) in the report \(desk.login)"])
      let told = try desk.session.rows(
        """
        select t.type, t.payload, t.key from outbox o cross join lateral unnest(o.types, o.payloads, o.keys) with ordinality t (type, payload, key, n)
        where o.topic = 'outreach.outcomes' order by o.id, t.n
        """)
      // What arrived had been accepted, which nobody knew.
      #expect(
        told.map { $0.text(0) } == (outcome == "delivered" ? ["message.accepted"] : []) + ["message.\(outcome)"])
      for row in told {
        let event = try JSONTape().read(String(decoding: row.bytes(1), as: UTF8.self)) { object throws(Refusal) in
          try OutreachOutcomes(type: row.text(0), reading: object)
        }
        #expect(event.id == 4 && row.text(2) == "4" && event.request == "e4" && event.gateway == "one")
        #expect(event.reason == (event.step == .accepted ? nil : "resolved"))
        // What it cost is told once.
        let cost = event.cost.map { "\($0), \(event.parts ?? 0) parts" }
        #expect(cost == (event.step == .accepted ? "0.135 CNY, 3 parts" : nil))
      }
      // Who was not reached was not contacted.
      #expect(try desk.lines("select message_id::text from contact") == (outcome == "delivered" ? ["4"] : []))
      #expect(desk.run(words + ["--execute"]).err == "millrace: message 4 is \(outcome). Nothing was done.\n")
      #expect(desk.run("show", "4").out.contains("in the report"))
    }
  }

  @Test("again puts it back to its queue, once, and the next claim is another attempt")
  func again() throws {
    try open { desk throws in
      let words = ["uncertain", "resolve", "4", "--as", "again", "--because", "not there", "--execute"]
      #expect(desk.run(words).rows.first?.last == "queued")
      #expect(try desk.lines(Self.state) == ["queued resolved 1 f f t"])
      #expect(try desk.lines("select topic from outbox where topic like 'outreach%'").isEmpty)
      #expect(try desk.lines("select message_id::text from contact").isEmpty)
      #expect(desk.run(words).exit == .no)
      #expect(try desk.lines("select count(*)::text from claim_messages('one', '{one}', null, null, 10)") == ["2"])
    }
  }

  @Test("a message that has moved on since it was looked at stays as it is")
  func guarded() throws {
    try open { desk throws in
      let clerk = try desk.connect(role: "millrace_operator")
      for (attempt, state) in [(2, "uncertain"), (1, "accepted")] {
        try desk.session.run(script: "update message set state = '\(state)' where id = 4")
        let settled = try clerk.rows("select resolve_uncertain('{4}', array[$1], 'failed', 'x')") {
          $0.small(Int32(attempt))
        }
        #expect(settled.isEmpty)
      }
      #expect(try desk.lines("select state from message where id = 4") == ["accepted"])
      #expect(try desk.lines("select topic from outbox where topic like 'outreach%'").isEmpty)
      #expect(try desk.lines("select outcome from message_resolution").isEmpty)
    }
  }

  @Test(
    "wrong words are one sentence, and nothing is done",
    arguments: [
      (
        ["resolve", "4", "5", "--as", "failed", "--because", "x", "--execute"],
        "message 5 is delivered. Nothing was done."
      ),
      (
        ["resolve", "4", "99", "--as", "failed", "--because", "x", "--execute"],
        "there is no message 99. Nothing was done."
      ),
      (["resolve", "4", "--because", "x"], "say what became of them: --as delivered, failed or again."),
      (
        ["resolve", "4", "--as", "lost", "--because", "x"], "--as is \"lost\", but must be delivered, failed or again."
      ),
      (["resolve", "4", "--as", "failed"], "--because TEXT is needed"),
      (["resolve", "4", "4", "--as", "failed", "--because", "x"], "a number stands there twice."),
      (["resolve", "x", "--as", "failed", "--because", "x"], "\"x\" is no message's number."),
    ])
  func wrong(_ words: [String], _ sentence: String) throws {
    try open { desk throws in
      let run = desk.run(["uncertain"] + words)
      #expect(run.exit != .done && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
      #expect(try desk.lines("select state from message where id = 4") == ["uncertain"])
    }
  }
}
