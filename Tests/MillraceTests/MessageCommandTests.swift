import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct MessageCommandTests {
  private func ids(_ run: CommandRun) -> [String] { run.rows.compactMap(\.first) }

  @Test("messages are found by each filter, masked, the newest first")
  func listed() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      #expect(ids(desk.run("list")) == (1...10).reversed().map { "\($0)" })
      #expect(ids(desk.run("list", "--limit", "2")).prefix(2) == ["10", "9"])
      #expect(desk.run("list", "--limit", "2").out.contains("There may be more"))
      #expect(ids(desk.run("list", "--phone", "138 1234 0002")) == ["10"])
      #expect(ids(desk.run("list", "--customer", "C1", "--state", "queued")) == ["1"])
      #expect(ids(desk.run("list", "--reason", "opted-out")) == ["8"])
      #expect(ids(desk.run("list", "--purpose", "marketing", "--state", "uncertain")) == ["4"])
      #expect(ids(desk.run("list", "--since", "90s")) == ["1"])
      #expect(desk.run("list", "--gateway", "two").out == "No message matches.\n")
      #expect(desk.run("list", "--email", "w@example.com").exit == .done)
      #expect(desk.run("list", "--json").out.contains(#""to":"+*********0001","customer":"C1""#))
      #expect(!desk.run("list", "--json").out.contains("13812340001"))
      for (words, wanted) in [
        (["--state", "odd"], "--state is \"odd\", but must be queued, sending"),
        (["--phone", "12"], "--phone is no phone number"),
        (["--email", "a"], "--email is no e-mail address."),
        (["--phone", "13812340002", "--customer", "C1"], "--phone and --customer exclude each other."),
        (["--since", "soon"], "--since is \"soon\", but must be as 30m"),
      ] {
        let run = desk.run(["list"] + words)
        #expect(run.exit == .usage && run.err.hasPrefix("millrace: \(wanted)"), "\(run.err)")
      }
    }
  }

  @Test("one person's messages and suppressions, those in a rare state and the newest are found without reading all")
  func foundByIndex() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      try desk.session.run(
        script: """
          insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, requested_at,
            due_at) select n, 'sms', 'marketing', 2, 'delivered', '/s', 'e', 'x', 8613900000000 + n, 'x', 'one', now(), now()
            from generate_series(11, 20000) n;
          insert into suppression (channel, address, reason) select 'sms', '+' || phone, 'manual' from message where id > 10;
          analyze message; analyze suppression
          """)
      let clerk = try desk.connect(role: "millrace_operator")
      let questions: [Statement] = [
        "select from messages_found(8613900000077, null, null, null, null, null, null, null, null, 50)",
        "select from messages_found(null, null, null, 'uncertain', null, null, null, null, null, 50)",
        "select from messages_found(null, null, null, null, null, null, null, null, null, 1)",
        "select from suppressions_of('+8613900000077')",
      ]
      try clerk.run(script: "begin")
      func read() throws -> Int64 {
        try clerk.rows(
          """
          select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables
          where relname in ('message', 'suppression')
          """)[0].integer(0)
      }
      for question in questions {
        let before = try read()
        #expect(try clerk.rows(question).count == 1)
        #expect(try read() - before < 100, "\(question)")
      }
    }
  }

  @Test("totals are sums of the list, with parts and cost")
  func totals() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      let rows = desk.run("list", "--totals").rows
      #expect(rows.count == 9, "\(rows)")
      #expect(rows.reduce(0) { $0 + (Int($1[3]) ?? 0) } == 10)
      #expect(rows.contains(["sms", "queued", "-", "2", "2", "-", "-"]), "\(rows)")
      #expect(rows.contains(["sms", "delivered", "-", "1", "2", "0.090000", "CNY"]), "\(rows)")
      #expect(
        desk.run("list", "--totals", "--phone", "13812340002").rows == [["sms", "queued", "-", "1", "-", "-", "-"]])
    }
  }

  @Test("a message is shown with what decided it in words, its calls, receipts and what people made of it")
  func shownMessage() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      let uncertain = desk.run("show", "4")
      #expect(uncertain.out.contains("Its sender ended in the middle of the call: the gateway may have the message."))
      #expect(uncertain.out.contains("the connection was lost"), "\(uncertain.out)")
      #expect(!uncertain.out.contains("text 4") && !uncertain.out.contains("13812340001"))
      #expect(desk.run("show", "5").out.contains("a-5"))
      let json = desk.run("show", "6", "--json").out
      #expect(json.contains(#""attempts":["#) && json.contains(#""outcome":"refused","code":"400""#), "\(json)")
      #expect(desk.run("show", "77").err == "millrace: there is no message 77.\n")
      #expect(desk.run("show", "x").exit == .usage)
      for state in MessageWords.states { #expect(!MessageWords.of(state: state, reason: nil).isEmpty) }
    }
  }

  @Test("whoever was granted it sees addresses and texts")
  func revealed() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      #expect(!desk.run("show", "4").out.contains("text 4"))
      try desk.session.run(script: "grant millrace_reveal to \(desk.login)")
      let out = desk.run("show", "4").out
      #expect(out.contains("text 4") && out.contains("+8613812340001"), "\(out)")
      #expect(desk.run("list", "--phone", "13812340002").out.contains("+8613812340002"))
    }
  }

  @Test("what a recipient did is shown with how often and by whom, a link in full to who may see it")
  func engagement() throws {
    let told = """
      insert into engagement values
        (5, 'opened', '', '00000000-0000-0000-0000-000000000000', 'machine', now() - interval '3 minutes', now(), 12),
        (5, 'clicked', 'https://firm.example/funds?for=w', gen_random_uuid(), 'person', now() - interval '2 minutes', now(), 2);
      update submission set delivered_parts = '{1,2}' where message_id = 5;
      """
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger + told) { desk throws in
      let json = desk.run("show", "5", "--json").out
      #expect(json.contains(#""recipient":"opened","url":null,"agent":"machine","times":12"#), "\(json)")
      #expect(json.contains(#""url":"https://firm.example/…","agent":"person","times":2"#), "\(json)")
      #expect(json.contains(#""partsDelivered":"1, 2""#), "\(json)")
      #expect(desk.run("show", "5").out.contains("https://firm.example/…"))
      try desk.session.run(script: "grant millrace_reveal to \(desk.login)")
      #expect(desk.run("show", "5").out.contains("https://firm.example/funds?for=w"))
      let clerk = try desk.connect(role: "millrace_operator")
      #expect(throws: PostgresError.self) { try clerk.run(script: "select from engagement") }
    }
  }

  @Test("an operator reads the ledger through what masks it, and changes it through functions that stamp who did it")
  func rights() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      let clerk = try desk.connect(role: "millrace_operator")
      for statement in [
        "select from message", "update message set state = 'delivered'", "select from suppression",
        "select from answer",
        "insert into suppression (channel, address, reason) values ('sms', '+1', 'manual')",
        "insert into message_resolution values (1, 1, now(), 'again', 'x', 'somebody', null)",
        "insert into message_command (login) values ('somebody')", "select erase_facts('lead', '1', 'x')",
        "select erase_messages(1, '{}', '{}', '{}')", "delete from message_attempt",
      ] {
        #expect(throws: PostgresError.self, "\(statement)") { try clerk.run(script: statement) }
      }
      let sender = try desk.connect(role: "millrace_send_sms")
      for statement in [
        "select resolve_uncertain('{4}', '{1}', 'again', 'x')",
        "select ask_for_message('sms', '+1', '{\"to\": \"+1\"}')",
      ] {
        #expect(throws: PostgresError.self, "\(statement)") { try sender.run(script: statement) }
      }
    }
  }
}
