import Testing

@testable import keep_organisation

@Suite struct TendRemindersTests {
  private static func raised(_ keys: String, _ assignee: Int, due: String, urgency: String = "urgent") -> String {
    """
    select raise_reminders('t', '{\(keys)}', '{k}', '{lead}', '{7}', '{\(assignee)}', '{null}',
      array[now() + interval '\(due)'], '{\(urgency)}', '{null}');
    """
  }

  @Test("an urgent one that stays open goes up from manager to manager, and all of it goes with it")
  func escalates() async throws {
    try await Office.open(
      "update reminder_policy set escalate_minutes = 60 where kind is null;"
        + TendRemindersTests.raised("a", 3, due: "-2 hours") + TendRemindersTests.raised("b", 3, due: "-10 minutes")
        + TendRemindersTests.raised("c", 3, due: "-2 hours", urgency: "normal")
        + TendRemindersTests.raised("done", 3, due: "-2 hours")
        + "select settle_reminders('t', array_agg(id), 'done', 'P3') from reminder where key = 'done';"
    ) { office throws in
      #expect(try office.sweep(TendReminders.self) == ["escalated"])
      #expect(try office.sweep(TendReminders.self) == [])
      try office.session.run(script: "update reminder set escalate_at = now() where kind = 'escalation'")
      #expect(try office.sweep(TendReminders.self) == ["escalated"])
      try office.session.run(
        script: "update reminder set escalate_at = now() where kind = 'escalation' and assignee_id = 1")
      #expect(try office.sweep(TendReminders.self) == ["nobody-above"])
      #expect(
        try office.lines(
          "select format('%s %s %s %s', assignee_id, subject, urgency, detail) from reminder where kind = 'escalation' order by id"
        )
          == ["2 7 urgent This stays open with P3.", "1 7 urgent This stays open with GZM."])
      try office.session.run(script: "select cancel_reminders('t', '{a}', '{null}', '{null}', '{null}', '{contacted}')")
      #expect(try office.lines("select state from reminder where kind = 'escalation'") == ["cancelled", "cancelled"])
    }
  }

  @Test("what lapses expires once, with its event; what was settled long ago is dropped")
  func expires() async throws {
    try await Office.open(
      "insert into reminder_policy values ('k', null, 60);" + TendRemindersTests.raised("a", 3, due: "-2 hours")
        + TendRemindersTests.raised("b", 3, due: "-10 minutes")
    ) { office throws in
      #expect(try office.sweep(TendReminders.self) == ["expired"])
      #expect(try office.sweep(TendReminders.self) == [])
      #expect(
        try office.lines("select format('%s %s', key, state) from reminder order by key") == ["a expired", "b open"])
      #expect(
        try office.lines(
          "select convert_from(payloads[1], 'UTF8')::json ->> 'state' from outbox order by id desc limit 1")
          == ["expired"])
      try office.session.run(script: "update reminder set settled_at = now() - interval '401 days' where key = 'a'")
      #expect(try office.sweep(TendReminders.self) == ["dropped"])
      #expect(try office.lines("select key from reminder") == ["b"])
    }
  }

  @Test("a digest a day for each person whose branch has one, at its local time; nobody hears of nothing")
  func digests() async throws {
    try await Office.open(
      TendRemindersTests.raised("a", 3, due: "-2 hours")
        + TendRemindersTests.raised("b", 3, due: "-1 minute", urgency: "low")
        + TendRemindersTests.raised("c", 4, due: "3 days") + TendRemindersTests.raised("d", 5, due: "3 days")
        + "update reminder set kind = 'digest' where key = 'd'; update reminder set assignee_id = 4 where key = 'd';"
        + "insert into person (id, code, branch_id, name, active) values (6, 'GONE', 2, 'f', false);"
    ) { office throws in
      #expect(try office.sweep(TendReminders.self) == [], "no digest unless the firm wants one")
      // Local midnight has always passed; for SZ the digest is switched off.
      try office.session.run(script: "insert into digest_policy values (null, '00:00'), (3, null)")
      #expect(try office.sweep(TendReminders.self) == ["digested", "digested", "digested", "digested"])
      #expect(try office.sweep(TendReminders.self) == [])
      #expect(
        try office.lines(
          "select format('%s %s', assignee_id, detail) from reminder where kind = 'digest' and key <> 'd' order by 1")
          == [
            "3 2 open: 2 overdue, 0 due today, 1 urgent.", "4 1 open: 0 overdue, 0 due today, 1 urgent.",
          ])
      try office.session.run(script: "update person_digest set digested_on = digested_on - 1")
      #expect(
        try office.sweep(TendReminders.self).count == 4, "a day later; the key of the same day raises nothing twice")
      #expect(try office.lines("select count(*)::text from reminder where kind = 'digest'") == ["3"])
    }
  }

  @Test("a digest's time is the branch's own: before it nobody is told")
  func localTime() async throws {
    try await Office.open(TendRemindersTests.raised("a", 3, due: "-2 hours")) { office throws in
      try office.session.run(
        script: """
          update branch set time_zone = 'Etc/GMT' || to_char(extract(hour from now() at time zone 'UTC')::int - 12, 'SGFM00')
          where id = 2;
          insert into digest_policy values (2, '13:30')
          """)
      #expect(try office.sweep(TendReminders.self) == [])
      try office.session.run(script: "update digest_policy set at = '11:30'")
      #expect(try office.sweep(TendReminders.self).count == 3)
    }
  }
}
