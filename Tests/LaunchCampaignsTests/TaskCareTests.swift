import Postgres
import Testing

@testable import launch_campaigns

/// Tasks whose people are gone, or somebody else's, before or after anybody has looked at them.
@Suite struct TaskCareTests {
  private static func open(
    leads: Bool = false, _ body: @escaping @Sendable (CampaignDesk) throws -> Void
  ) async throws {
    try await CampaignDesk.open(leads ? TaskTests.leads : TaskTests.firm) { desk in
      let definition = CampaignDesk.definition(channels: TaskTests.alone, filter: "level = gold")
      try desk.plan(
        1, "running",
        leads ? definition.replacing(#""customers": "level = gold""#, with: #""leads": "source = web""#) : definition,
        expanded: false)
      if leads { try desk.session.run(script: "update campaign set audience = 'leads'") }
      while try !desk.expand().isEmpty {}
      try body(desk)
    }
  }

  private static let standing: Statement =
    "select concat_ws(' ', subject, assignee, state, outcome) from task order by subject"

  @Test("a lead that is converted or erased while its task is made has none to be done, and nobody is told")
  func goneLeads() async throws {
    try await Self.open(leads: true) { desk in
      try desk.session.run(
        script: """
          update lead set state = 'converted', customer_id = 1, converted_at = now() where id = 1;
          update lead set state = 'erased', owner_id = null, phone = null, phone_text = null, name = null, identity = null,
            customer_number = null, erased_at = now() where id = 2;
          """)
      #expect(try desk.tendTasks() == ["cancelled", "cancelled", "assigned"])
      #expect(
        try desk.lines("select concat_ws(' ', state, outcome) from task order by subject") == [
          "cancelled converted", "cancelled erased", "open",
        ])
      #expect(try desk.lines("select subject from reminder") == ["3"])
    }
  }

  @Test("a customer who is removed while their task is made has none to be done")
  func goneCustomer() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: "update customer set status = 'removed', number = null, name = null, email = null where id = 1")
      #expect(try desk.tendTasks() == ["cancelled", "assigned", "assigned", "assigned"])
      #expect(try desk.lines(Self.standing)[0] == "1 P-1 cancelled erased")
    }
  }

  @Test("what is done or ended stays whose it was, as it was settled, and is told to nobody")
  func settled() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: """
          update task set version = version + 1, state = 'done', outcome = 'contacted', settled_at = '2027-01-02', due_at = now()
          where subject in (1, 2)
          """)
      // One of them that nobody has looked at is somebody else's by now.
      try desk.session.run(script: "update customer set manager_id = 2 where id in (1, 6)")
      #expect(try desk.tendTasks() == ["done", "done", "assigned", "assigned"] && desk.tendTasks() == [])
      try desk.session.run(
        script: "update customer set manager_id = 2 where id = 2; update campaign set state = 'closed'")
      #expect(try desk.tendTasks() == ["expired", "expired"] && desk.tendTasks() == [])
      #expect(
        try desk.lines(Self.standing) == [
          "1 P-1 done contacted", "2 P-1 done contacted", "3 P-2 expired campaign-closed",
          "6 P-2 expired campaign-closed",
        ])
      #expect(
        try desk.lines("select distinct (settled_at = '2027-01-02')::text from task where state = 'done'") == ["true"])
      #expect(
        try desk.lines("select concat_ws(' ', subject, state) from reminder order by id") == [
          "3 cancelled", "4 cancelled",
        ])
    }
  }

  @Test(
    "leads' tasks that are done stay whose they were, and a task of a customer with a lead's number does not move with it"
  )
  func settledLeads() async throws {
    try await Self.open(leads: true) { desk in
      try desk.session.run(
        script: """
          update task set version = version + 1, state = 'done', outcome = 'contacted', settled_at = now() where subject = 1;
          insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script,
            due_at) values (9, 2, 0, 'x', 'x', 'customer', 'C-2', 1, 'P-1', 2, '', now() + interval '1 day');
          insert into customer (id, code, version, data, status, manager_id, changed_at)
            values (3, 'C-3', 1, gen_random_uuid(), 'active', 1, now());
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
            select n, 2, now(), 'claimed', 3, 2, 't' from generate_series(1, 2) n;
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker) values (3, 2, now(), 'pooled', 3, null, 't');
          update customer set manager_id = null where id = 3;
          """)
      #expect(
        try desk.lines("select concat_ws(' ', subject_kind, subject, assignee, version) from task order by id")
          == ["lead 1 P-1 2", "lead 2 P-2 2", "lead 3 2", "customer 2 P-1 1"])
      // Of what nobody has the last one's branch hears.
      #expect(try desk.lines("select branch_id::text from task where subject = 3 and subject_kind = 'lead'") == ["2"])
    }
  }

  @Test(
    "what was done before its campaign was closed stays done, however late it is followed, and nobody waits for another channel"
  )
  func doneBeforeTheEnd() async throws {
    try await CampaignDesk.open(TaskTests.firm) { desk in
      let channels = "[\(TaskTests.task)}, \(#"{"channel": "email", "template": "bonds", "onFailure": true}]"#)"
      try desk.plan(
        1, "running", CampaignDesk.definition(channels: channels, filter: "level = gold and manager = P-1"),
        expanded: false)
      while try !desk.expand().isEmpty {}
      try desk.tendTasks()
      try desk.session.run(
        script: """
          update task set version = version + 1, state = 'done', outcome = 'unreachable', settled_at = now() where subject = 1;
          update campaign set state = 'closed'
          """)
      try desk.tendTasks()
      #expect(
        try desk.standing(1, 1) == "done unreachable by 0" && desk.standing(1, 2) == "expired campaign-closed by 0")
      #expect(try desk.lines(Self.standing)[0] == "1 P-1 done unreachable")
    }
  }

  @Test("whoever gives a customer away and takes them back is not told again, and keeps their reminder")
  func thereAndBack() async throws {
    try await Self.open { desk in
      try desk.tendTasks()
      for person in [2, 1] { try desk.session.run(script: "update customer set manager_id = \(person) where id = 1") }
      #expect(try desk.tendTasks() == ["assigned"] && desk.tendTasks() == [])
      #expect(
        try desk.lines("select concat_ws(' ', subject, assignee_id, state) from reminder order by id")
          == ["1 1 open", "2 1 open", "3 2 open", "4 1 open"])
    }
  }

  @Test("one that was set aside keeps no other from being followed: new, overdue, or of a campaign that is over")
  func aside() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script:
          "insert into set_aside (sweep, item, path, reason, detail) select 'tend-tasks', id::text, '', 'r', 'd' from task where subject = 1"
      )
      #expect(try desk.tendTasks() == ["assigned", "assigned", "assigned"] && desk.tendTasks() == [])
      try desk.session.run(script: "update task set due_at = now(), followed = version")
      #expect(try desk.tendTasks() == ["overdue", "overdue", "overdue"] && desk.tendTasks() == [])
      try desk.session.run(script: "update campaign set state = 'closed'")
      #expect(try desk.tendTasks() == ["expired", "expired", "expired"] && desk.tendTasks() == [])
      #expect(try desk.tend() == [])
    }
  }
}
