import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct BudgetCommandTests {
  private static let budgets: Statement =
    "select concat_ws(' ', name, currency, coalesce(most::text, '-'), reserved, spent, changed_by) from budget order by 1"

  @Test("a budget is previewed, set, raised and removed; zero is zero and what is left out is no bound")
  func setting() throws {
    try OutreachDesk.open { desk throws in
      let words = ["budget", "set", "spring", "CNY", "--most", "12.5"]
      let shown = desk.run(words)
      #expect(shown.out.contains("Nothing was done.") && shown.rows.count == 2, "\(shown.err)\(shown.out)")
      #expect(try desk.lines(Self.budgets).isEmpty)
      #expect(desk.run(words + ["--execute"]).exit == .done)
      #expect(try desk.lines(Self.budgets) == ["spring CNY 12.5000 0.0000 0.0000 \(desk.login)"])
      try desk.session.run(script: "update budget set spent = 3, reserved = 0.5")
      #expect(
        desk.run("budget", "list").rows.first?.prefix(6) == ["spring", "CNY", "12.5000", "3.0000", "0.5000", "9.0000"])
      #expect(desk.run("budget", "set", "spring", "CNY", "--most", "0", "--execute").exit == .done)
      #expect(try desk.lines(Self.budgets) == ["spring CNY 0.0000 0.5000 3.0000 \(desk.login)"])
      #expect(desk.run("budget", "set", "spring", "CNY", "--execute").exit == .done)
      #expect(try desk.lines(Self.budgets) == ["spring CNY - 0.5000 3.0000 \(desk.login)"])
      #expect(desk.run("budget", "remove", "spring", "--execute").err.contains("spring has reserved for messages"))
      try desk.session.run(script: "update budget set reserved = 0")
      #expect(desk.run("budget", "remove", "spring").out.contains("Nothing was done."))
      #expect(desk.run("budget", "remove", "spring", "--execute").exit == .done)
      #expect(try desk.lines(Self.budgets).isEmpty)
      #expect(desk.run("budget", "list").out == "There is no budget.\n")
      let kept = try desk.lines("select count(*)::text from operator_action where command like 'outreach budget%'")
      #expect(kept == ["4"])
    }
  }

  @Test(
    "wrong words are one sentence",
    arguments: [
      (["set", "Spring", "CNY"], "\"Spring\" is no name"), (["set", "spring", "yuan"], "\"yuan\" is no currency"),
      (["set", "spring", "CNY", "--most", "-1"], "--most is \"-1\", but must be an amount from 0"),
      (["set", "spring", "CNY", "--most", "1.00001"], "--most is \"1.00001\""),
      (["set", "old", "USD"], "old is in another currency, which stays"),
      (["remove", "none"], "there is no budget \"none\"."),
    ])
  func wrong(_ words: [String], _ sentence: String) throws {
    try OutreachDesk.open(nil, "insert into budget (name, currency) values ('old', 'CNY')") { desk throws in
      let run = desk.run(["budget"] + words + ["--execute"])
      #expect(run.exit != .done && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
      #expect(try desk.lines("select name || currency from budget") == ["oldCNY"])
    }
  }

  @Test("an operator sets the bound, and cannot write what was spent")
  func rights() throws {
    try OutreachDesk.open(nil, "insert into budget (name, currency) values ('old', 'CNY')") { desk throws in
      let clerk = try desk.connect(role: "millrace_operator")
      #expect(throws: PostgresError.self) { try clerk.run(script: "update budget set spent = 0") }
      #expect(throws: PostgresError.self) { try clerk.run(script: "update budget set reserved = 0") }
    }
  }

  @Test("what somebody settles is spent where it arrived, and given back where it did not or is sent again")
  func resolved() throws {
    try OutreachDesk.open(OutreachDesk.gateway, OutreachDesk.ledger) { desk throws in
      try desk.session.run(
        script: """
          insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, attempt,
              requested_at, due_at, claimed_at, budget, reserved)
            select n, 'sms', 'service', 1, 'uncertain', '/s', 'e', 'x', 8613900000000 + n, 'x', 'one', 1, now(), now(), now(),
              'b' || n % 2, 0.045 from generate_series(21, 26) n;
          insert into budget (name, currency, reserved) values ('b0', 'CNY', 0.135), ('b1', 'CNY', 0.135)
          """)
      let clerk = try desk.connect(role: "millrace_operator")
      func settle(_ ids: String, _ verdict: String) throws {
        _ = try clerk.rows("select resolve_uncertain($1::bigint[], $2::int[], $3, 'asked')") {
          $0.text(ids)
          $0.text("{1,1,1}")
          $0.text(verdict)
        }
      }
      try settle("{21,22,23}", "delivered")
      try settle("{24,25}", "failed")
      try settle("{26}", "again")
      // Settled already.
      try settle("{21,24}", "delivered")
      #expect(
        try desk.lines("select concat_ws(' ', name, reserved, spent) from budget order by 1") == [
          "b0 0.0000 0.0450", "b1 0.0000 0.0900",
        ])
      #expect(
        try desk.lines(
          "select concat_ws(' ', id, state, cost, currency, reserved) from message where id > 20 order by id") == [
            "21 delivered 0.045000 CNY", "22 delivered 0.045000 CNY", "23 delivered 0.045000 CNY", "24 failed",
            "25 failed",
            "26 queued",
          ])
    }
  }
}
