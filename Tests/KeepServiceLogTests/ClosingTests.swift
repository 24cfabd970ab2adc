import Postgres
import TestKit
import Testing

@testable import keep_service_log

@Suite struct ClosingTests {
  /// So much before now, on the branch GZ, whose day ends at 18:00 in Shanghai.
  private static let days = """
    insert into lead_history (lead_id, version, at, what, branch_id, worker)
    select n, 1, (organisation_day('Asia/Shanghai', '18:00', now()) - d + time '12:00') at time zone 'Asia/Shanghai', 'held', 2,
      'allocate-leads'
    from (values (1, 2), (2, 2), (3, 1), (4, 0), (5, 2)) v (n, d)
    """

  @Test("a day ends at the organisation's hour, and its marker counts what was recorded for it")
  func counted() throws {
    try LogDesk.open { desk in
      try desk.session.run(script: Self.days)
      try desk.record(2)
      while try desk.record(2) > 0 {}
      var closed = 0
      while let days = Optional(try desk.close()), days > 0 { closed += days }
      #expect(
        try desk.lines(
          """
          select format('%s %s', organisation_day('Asia/Shanghai', '18:00', now()) - day, entries) from service_day
          where organisation = 'GZ' order by day
          """) == ["2 3", "1 1"])
      #expect(
        try desk.lines("select organisation || entries from service_day where organisation = 'HQ'") == ["HQ0"],
        "a day without entries is told as well")
      #expect(closed == 3)
      let told = try desk.lines(
        """
        select format('%s %s', keys[1], convert_from(payloads[1], 'UTF8')::jsonb ->> 'entries') from outbox
        where types = '{service.day-closed}' order by id
        """)
      #expect(told.sorted() == ["GZ 1", "GZ 3", "HQ 0"])
      #expect(
        try desk.count(
          """
          select count(*) from service_day d join service_block b on b.number = d.block and b.hash = d.hash
          """) == 3)
    }
  }

  @Test("what is recorded after its day was closed counts to the day that is open, and says when it happened")
  func late() throws {
    try LogDesk.open { desk in
      try desk.session.run(script: Self.days)
      try desk.record()
      for _ in 0..<4 { _ = try desk.close() }
      try desk.session.run(
        script: """
          insert into lead_history (lead_id, version, at, what, branch_id, worker)
          select 9, 1, min(at), 'held', 2, 'allocate-leads' from lead_history
          """)
      try desk.record()
      #expect(
        try desk.lines(
          """
          select (day = organisation_day('Asia/Shanghai', '18:00', now()) and at < now() - interval '20 hours')::text
          from service_log where subject = '9'
          """) == ["true"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s', d.organisation, d.entries, count(l.number)) from service_day d
          left join service_log l on l.organisation = d.organisation and l.day = d.day
          group by d.organisation, d.day, d.entries having d.entries <> count(l.number)
          """) == [])
    }
  }

  @Test("what says that it happens in the future counts to today")
  func future() throws {
    try LogDesk.open { desk in
      try desk.session.run(
        script: """
          insert into service_action (at, what, subject_kind, subject, branch_id, worker, authority)
          values (now() + interval '400 days', 'called', 'lead', '1', 2, 'track-calls', 'call')
          """)
      try desk.record()
      #expect(
        try desk.lines(
          "select (day = organisation_day('Asia/Shanghai', '18:00', now()))::text from service_log") == ["true"])
    }
  }

  @Test("a day waits for transactions that had begun before it was looked at, and for what they left to record")
  func waits() throws {
    try LogDesk.open { desk in
      let slow = try desk.database.connect()
      try slow.run(script: "begin; select pg_current_xact_id()")
      for _ in 0..<4 { #expect(try desk.close() == 0) }
      try desk.history(1...3, in: slow)
      try slow.run(script: "commit")
      for _ in 0..<4 { #expect(try desk.close() == 0) }
      try desk.record()
      #expect(try desk.close() == 2)
    }
  }
}
