import Postgres
import Reminders
import Testing
import Topics
import Values

@Suite struct RaisingTests {
  @Test("a reminder is a row and an event that say the same")
  func rowAndEvent() async throws {
    try await Board.open { board in
      try board.raise(held("lead/7/held/1", urgency: .urgent, detail: "等待\"处理\"", trace: "00-abc"))
      #expect(
        try board.lines(
          """
          select format('%s %s %s %s %s %s %s %s %s', key, kind, subject_kind, subject, assignee_id, branch_id, state,
            urgency, raised_by) from reminder
          """) == ["lead/7/held/1 lead-held lead 7 3 3 open urgent test-worker"])
      let events = try board.events()
      #expect(events.map(\.key) == ["P3"])
      #expect(events.map(\.trace) == ["00-abc"])
      guard case .raised(let raised) = events[0].event else { throw Missing() }
      #expect(raised.due == Board.due)
      #expect(raised.urgency == .urgent)
      #expect(raised.detail == "等待\"处理\"")
      #expect(raised.reminder.subjectKind == "lead" && raised.reminder.subject == "7" && raised.reminder.branch == "SZ")
    }
  }

  @Test("a cause raises once: in one statement, in two, at once on two connections, and after it is settled")
  func once() async throws {
    try await Board.open { board in
      try board.raise(held("a"), held("a"), held("b"))
      try board.raise(held("a"), held("c"))
      #expect(try board.told() == ["raised P3 a", "raised P3 b", "raised P3 c"])
      try board.cancel(.key("a", because: "gone"))
      try board.raise(held("a"))
      #expect(try board.told().suffix(1) == ["cancelled P3 a gone"])
      let first = try board.worker()
      _ = try first.rows("begin")
      try board.raise(held("d"), on: first)
      let second = try board.worker()
      _ = try second.rows("set lock_timeout = 100")
      #expect(throws: PostgresError.self) { try board.raise(held("d"), on: second) }
      _ = try first.rows("commit")
      try board.raise(held("d"), on: second)
      #expect(try board.told().count { $0 == "raised P3 d" } == 1)
    }
  }

  @Test("who is told: the person; for who has left, the manager; upwards where there is none; and nobody is no fault")
  func assignees() async throws {
    try await Board.open { board in
      try board.raise(
        held("active", to: .person(3)), held("inactive", to: .person(4)), held("manager", to: .manager(ofBranch: 3)),
        held("top", to: .manager(ofBranch: 1)), held("unknown", to: .person(99)))
      #expect(
        Set(try board.told()) == [
          "raised P3 active", "raised GDM inactive", "raised GDM manager", "raised BOSS top", "raised - unknown",
        ])
      try board.session.run(script: "update person set leave_from = now() - interval '1 day' where id = 2")
      try board.raise(held("on leave, but nearest", to: .manager(ofBranch: 3)))
      try board.session.run(script: "update person set active = false where manager")
      try board.raise(held("nobody", to: .manager(ofBranch: 3)))
      #expect(try board.told().suffix(2) == ["raised GDM on leave, but nearest", "raised SZ nobody"])
    }
  }

  @Test("cancelled by key, by subject, by subject and kind; once, and with what had told managers of it")
  func cancelled() async throws {
    try await Board.open { board in
      try board.raise(
        held("a", lead: 1), held("b", lead: 1, kind: "step-due"), held("c", lead: 2), held("d", lead: 3),
        held("e", lead: 3, kind: "step-due"))
      try board.session.run(
        script: """
          insert into reminder (key, kind, subject_kind, subject, assignee_id, branch_id, due_at, urgency, raised_by, escalates_id)
          select 'up', 'escalation', 'other', 'x', 2, 2, now(), 'urgent', 'y', id from reminder where key = 'c'
          """)
      let before = try board.told().count
      try board.cancel(
        .about(.lead(1), because: "reclaimed"), .key("c", because: "contacted"), .key("nothing", because: "x"),
        .about(.lead(3), kind: "step-due", because: "passed"), .about(.lead(1), because: "twice"))
      try board.cancel(.about(.lead(1), because: "again"), .key("c", because: "again"))
      let told = try board.told().dropFirst(before)
      #expect(told.count == 5)
      #expect(
        told.contains("cancelled P3 c contacted") && told.contains("cancelled P3 e passed")
          && told.contains("cancelled GDM up contacted"))
      #expect(told.contains { $0.hasPrefix("cancelled P3 a") } && told.contains { $0.hasPrefix("cancelled P3 b") })
      #expect(try board.lines("select key from reminder where state = 'open'") == ["d"])
    }
  }

  @Test("a lead and a customer of the same name are two subjects")
  func sameName() async throws {
    try await Board.open { board in
      try board.raise(
        held("a", lead: 7),
        Reminder("lead-held", key: "b", about: .customer("7"), to: .person(3), due: Board.due))
      try board.cancel(.about(.lead(7), because: "contacted"))
      #expect(try board.lines("select key from reminder where state = 'open'") == ["b"])
    }
  }

  @Test("of a branch's managers one at work is told before one on leave, who may be about to go or back already")
  func atWork() async throws {
    try await Board.open { board in
      try board.session.run(
        script: "insert into person (id, code, branch_id, name, manager) values (5, 'GDN', 2, 'e', true)")
      for (leave, told) in [
        ("null, null", "GDM"), ("now() - interval '1 day', null", "GDN"), ("null, now() + interval '1 day'", "GDN"),
        ("now() + interval '1 day', null", "GDM"), ("now() - interval '9 days', now() - interval '1 day'", "GDM"),
      ] {
        try board.session.run(script: "update person set (leave_from, leave_until) = (\(leave)) where id = 2")
        try board.raise(held("\(leave)", to: .manager(ofBranch: 3)))
        #expect(try board.told().last == "raised \(told) \(leave)")
      }
    }
  }

  @Test("moved to another, it is settled for the one and raised for the other, in that order; back and forth as well")
  func moved() async throws {
    try await Board.open { board in
      try board.raise(held("a"), held("b"))
      try board.cancel(.key("b", because: "gone"))
      try board.session.run(
        script: """
          select move_reminders('test-worker', array_agg(id), array_agg(1)) from reminder;
          select move_reminders('test-worker', array_agg(id), array_agg(1)) from reminder;
          select move_reminders('test-worker', array_agg(id), array_agg(3)) from reminder;
          """)
      #expect(
        try board.told().suffix(4) == ["moved P3 a", "raised BOSS a", "moved BOSS a", "raised P3 a"])
      #expect(try board.lines("select branch_id::text from reminder where key = 'a'") == ["3"])
    }
  }

  @Test("when a manager is told and when it lapses comes from the kind's policy, else from that of all kinds")
  func policies() async throws {
    try await Board.open { board in
      try board.session.run(
        script: """
          insert into reminder_policy values ('step-due', 10, 60);
          insert into reminder_policy values ('quiet', null, null);
          """)
      try board.raise(
        held("a", urgency: .urgent), held("b"), held("c", kind: "step-due", urgency: .urgent),
        held("d", kind: "step-due"), held("e", kind: "quiet", urgency: .urgent))
      #expect(
        try board.lines(
          """
          select format('%s %s %s', key, extract(epoch from escalate_at - due_at)::int / 60,
            extract(epoch from expire_at - due_at)::int / 60) from reminder order by key
          """) == ["a 240 ", "b  ", "c 10 60", "d  60", "e  "])
    }
  }
}

struct Missing: Error {}
