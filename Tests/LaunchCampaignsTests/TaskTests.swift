import Postgres
import Testing

@testable import launch_campaigns

/// Tasks for whoever has a customer or a lead.
@Suite struct TaskTests {
  /// Ann has customers 1, 2 and 6, Bea 3; Cay has gone. Nobody has 7, and 8 does not want to be called.
  static let firm =
    ExpansionTests.customers + """
      insert into person (id, code, branch_id, name, active) values (3, 'P-3', 3, 'Cay', false);
      update customer set manager_id = case when id in (1, 2, 6, 8) then 1 when id = 3 then 2 when id = 9 then 3 end;
      update customer set refused = refused | 1 << consent_slot('call', 'marketing') where id = 8;
      """

  static let task =
    #"{"channel": "manager", "script": "Call {{name}} of {{branch}}: {{offer|default:\"bonds\"}}", "due": "P3D""#
  static let alone = "[\(task)}]"

  static let tasks: Statement = """
    select concat_ws(' ', id, subject, assignee, state, outcome, round(extract(epoch from due_at - made_at) / 3600) || ' h',
      version, followed) from task order by subject
    """
  static let reminders: Statement = """
    select concat_ws(' ', r.kind, r.subject, p.code, r.urgency, r.state, r.settled_for) from reminder r
    left join person p on p.id = r.assignee_id order by r.id
    """

  private static func begin(_ desk: CampaignDesk, channels: String = alone, filter: String = "level = gold") throws {
    try desk.plan(1, "running", CampaignDesk.definition(channels: channels, filter: filter), expanded: false)
    while try !desk.expand(3).isEmpty {}
  }

  @Test(
    "a task with what to say and until when for each whom somebody has, once; nobody's are skipped, and so is who refuses calls"
  )
  func made() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try Self.begin(desk, filter: "level = gold or number is unknown")
      #expect(
        try desk.lines(ExpansionTests.recipients) == [
          "1 assigned  open", "2 assigned  open", "3 assigned  open", "4 skipped no-manager ", "5 skipped no-manager ",
          "6 assigned  open", "7 skipped no-manager ", "8 skipped consent-refused ", "9 skipped no-manager ",
          "10 skipped no-manager ", "11 skipped no-manager ",
        ])
      #expect(
        try desk.lines(Self.tasks) == [
          "1 1 P-1 open 72 h 1 0", "2 2 P-1 open 72 h 1 0", "3 3 P-2 open 72 h 1 0", "4 6 P-1 open 72 h 1 0",
        ])
      #expect(
        try desk.lines(
          "select concat_ws('|', script, campaign, title, subject_kind, subject_name, branch_id) from task where id = 1"
        )
          == ["Call N1 of p: bonds|spring|Spring|customer|C-1|2"])
      #expect(try desk.lines("select count(*)::text from message") == ["0"])
      #expect(try desk.tendTasks(3) == ["assigned", "assigned", "assigned"])
      #expect(try desk.tendTasks(3) == ["assigned"] && desk.tendTasks() == [])
      #expect(
        try desk.lines(Self.reminders) == [
          "task 1 P-1 normal open", "task 2 P-1 normal open", "task 3 P-2 normal open", "task 4 P-1 normal open",
        ])
      #expect(
        try desk.lines("select detail from reminder limit 1") == [
          "Spring: customer C-1. `millrace tasks show 1` has the script."
        ])
      // Nobody is finished before their task is.
      #expect(try desk.tend() == [])
    }
  }

  @Test("one that is overdue is still to be done, tells its assignee again, and keeps the campaign open; done ends it")
  func overdue() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try Self.begin(desk)
      try desk.tendTasks()
      try desk.session.run(script: "update task set due_at = now() where subject in (1, 2)")
      #expect(try desk.tendTasks() == ["overdue", "overdue"] && desk.tendTasks() == [])
      #expect(try desk.standing(1, 1) == "overdue open by 0")
      #expect(
        try desk.lines(Self.reminders).sorted() == [
          "task 1 P-1 normal cancelled overdue", "task 2 P-1 normal cancelled overdue", "task 3 P-2 normal open",
          "task 4 P-1 normal open", "task-overdue 1 P-1 urgent open", "task-overdue 2 P-1 urgent open",
        ])
      try desk.session.run(
        script: """
          update task set version = version + 1, state = 'done', outcome = 'interested', settled_at = now() where subject in (1, 3, 6)
          """)
      #expect(try desk.tendTasks() == ["done", "done", "done"])
      #expect(try desk.standing(1, 1) == "done interested by 0" && desk.standing(1, 2) == "overdue open by 0")
      #expect(try desk.tend() == [])
      try desk.session.run(
        script:
          "update task set version = version + 1, state = 'done', outcome = 'contacted', settled_at = now() where subject = 2"
      )
      // What is done is followed, though its campaign rests.
      try desk.session.run(script: "update campaign set state = 'paused'")
      #expect(try desk.tendTasks() == ["done"])
      try desk.session.run(script: "update campaign set state = 'running'")
      #expect(try desk.tend() == ["finished"])
      #expect(try desk.lines("select count(*)::text from reminder where state = 'open'") == ["0"])
    }
  }

  @Test("an ended campaign ends its tasks with itself, and is over when they are", arguments: ["closed", "cancelled"])
  func ended(_ state: String) async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try Self.begin(desk)
      try desk.tendTasks()
      try desk.session.run(script: "update campaign set state = '\(state)'")
      // Whoever releases recipients leaves those whose tasks are still there.
      #expect(try desk.release() == [] && desk.tend() == [])
      let word = state == "closed" ? "expired" : "cancelled"
      #expect(try desk.tendTasks(3) == [word, word, word])
      #expect(try desk.tendTasks(3) == [word] && desk.tendTasks() == [])
      #expect(try desk.standing(1, 1) == "\(word) campaign-\(state) by 0")
      #expect(try desk.lines("select distinct state || outcome from task") == ["\(word)campaign-\(state)"])
      #expect(try desk.lines("select distinct state || settled_for from reminder") == ["cancelled\(word)"])
      #expect(try desk.tend() == [state == "closed" ? "finished" : "settled"])
    }
  }

  @Test(
    "a task goes with its customer or lead; of whom nobody has it waits, and of a lead that has become a customer it ends"
  )
  func moved() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try Self.begin(desk)
      // While it was made: no trigger has seen it.
      try desk.session.run(script: "update task set assignee_id = 2, assignee = 'P-2' where subject = 1")
      try desk.tendTasks()
      #expect(try desk.lines(Self.tasks)[0].hasPrefix("1 1 P-1 open"))
      try desk.session.run(
        script:
          "update customer set manager_id = 2 where id in (1, 2); update customer set manager_id = null where id = 6")
      #expect(try desk.tendTasks() == ["assigned", "assigned", "assigned"] && desk.tendTasks() == [])
      #expect(
        try desk.lines("select concat_ws(' ', subject, assignee) from task order by subject")
          == ["1 P-2", "2 P-2", "3 P-2", "6"])
      #expect(
        try desk.lines(Self.reminders).filter { $0.contains("open") || $0.contains("moved") }.sorted() == [
          "task 1 P-1 normal cancelled moved", "task 1 P-2 normal open", "task 2 P-1 normal cancelled moved",
          "task 2 P-2 normal open", "task 3 P-2 normal open", "task 4 P-1 normal cancelled moved",
        ])
      // Whoever leads the branch hears of what nobody does.
      try desk.session.run(script: "update task set due_at = now() where subject = 6")
      #expect(try desk.tendTasks() == ["overdue"])
      #expect(try desk.lines(Self.reminders).last == "task-overdue 4 P-2 urgent open")
    }
  }

  static let leads = """
    insert into lead (id, phone, name, source, state, branch_id, owner_id, protected_since, protected_until, version, registered_at, region)
    select n, 8613900000000 + n, 'L' || n, 'web', 'owned', 3, case when n < 3 then 1 else 2 end, now() - interval '1 day',
      now() + interval '1 day', 1, now(), 'CN-SH' from generate_series(1, 3) n;
    """

  @Test("of leads the owner has the task, and whoever has the lead next")
  func leads() async throws {
    try await CampaignDesk.open(Self.leads) { desk in
      let definition = CampaignDesk.definition(channels: Self.alone).replacing(
        #""customers": "level in (gold, silver)""#, with: #""leads": "source = web""#)
      try desk.plan(1, "running", definition, expanded: false)
      try desk.session.run(script: "update campaign set audience = 'leads'")
      while try !desk.expand().isEmpty {}
      try desk.tendTasks()
      #expect(
        try desk.lines("select concat_ws(' ', subject_kind, subject_name, assignee, script) from task order by subject")
          == [
            "lead 1 P-1 Call L1 of p: bonds", "lead 2 P-1 Call L2 of p: bonds", "lead 3 P-2 Call L3 of p: bonds",
          ])
      // As whoever moves leads writes it down: pooled, then claimed; and converted.
      try desk.session.run(
        script: """
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker) values (1, 2, now(), 'pooled', 3, null, 't'),
            (1, 3, now(), 'claimed', 3, 2, 't'), (2, 2, now(), 'reclaimed', 3, null, 't'), (3, 2, now(), 'converted', 3, 2, 't');
          """)
      #expect(
        try desk.lines("select concat_ws(' ', subject, assignee, state, outcome) from task order by subject")
          == ["1 P-2 open", "2 open", "3 P-2 cancelled converted"])
      #expect(try desk.tendTasks() == ["assigned", "assigned", "cancelled"])
      #expect(try desk.standing(1, 3) == "cancelled converted by 0" && desk.standing(1, 2) == "assigned open by 0")
    }
  }

  private static let both = """
    [{"channel": "sms", "template": "bonds"}, \(task), "onFailure": true, "afterSilence": "PT1H"},
     {"channel": "email", "template": "bonds", "onFailure": true}]
    """

  @Test(
    "a task stands in for a text that failed, and a mail for a task that is overdue or reaches nobody; the task ends then, once"
  )
  func standsIn() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try desk.session.run(script: "update customer set level = 'lead' where id not in (1, 2, 6, 7)")
      try Self.begin(desk, channels: Self.both)
      // 6 refuses texts, and has a task at once.
      #expect(try desk.standing(1, 6) == "assigned open by 1" && desk.standing(1, 1) == "queued open by 0")
      try desk.tendTasks()
      let message = { (subject: Int64) in
        try desk.session.rows("select message_id from campaign_recipient where subject = $1") { $0.integer(subject) }[0]
          .integer(0)
      }
      try desk.hear(
        desk.told(.failed, 1, 1, message: try message(1)), desk.told(.failed, 1, 2, message: try message(2)),
        desk.told(.failed, 1, 7, message: try message(7)))
      // Nobody has 7: the mail is next for them.
      #expect(try desk.fallBack() == ["fell-back", "fell-back", "fell-back"])
      #expect(try desk.standing(1, 1) == "assigned open by 1" && desk.standing(1, 7) == "queued open by 2")
      #expect(try desk.tendTasks() == ["assigned", "assigned"])
      // 1 is overdue, 2 is reached by nobody, 6 is done a moment before its mail would go out.
      try desk.session.run(
        script: """
          update task set due_at = now() where subject in (1, 6);
          update task set version = version + 1, state = 'done', outcome = 'unreachable', settled_at = now() where subject = 2
          """)
      #expect(try desk.tendTasks() == ["overdue", "done", "overdue"])
      #expect(try desk.standing(1, 2).hasPrefix("done unreachable open by 1"))
      try desk.session.run(
        script:
          "update task set version = version + 1, state = 'done', outcome = 'contacted', settled_at = now() where subject = 6"
      )
      #expect(try desk.fallBack().sorted() == ["fell-back", "fell-back", "settled-meanwhile"])
      #expect(try desk.fallBack() == [])
      #expect(try desk.standing(1, 1) == "queued open by 2" && desk.standing(1, 2) == "queued open by 2")
      // The task that the mail stands in for has ended, and its end moves nobody.
      #expect(try desk.tendTasks() == ["cancelled", "done"])
      #expect(try desk.standing(1, 1) == "queued open by 2" && desk.standing(1, 6) == "done contacted by 1")
      #expect(
        try desk.lines("select concat_ws(' ', subject, state, outcome) from task order by subject")
          == ["1 cancelled another-channel", "2 done unreachable", "6 done contacted"])
      #expect(try desk.lines("select count(*)::text from message where channel = 'email'") == ["3"])
      #expect(try desk.lines("select count(*)::text from reminder where state = 'open'") == ["0"])
    }
  }

  @Test("what is overdue waits for as long as is said, and stays to be done where no other channel reaches anybody")
  func patience() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      let channels = "[\(Self.task)}, \(#"{"channel": "email", "template": "bonds", "afterSilence": "PT2H"}]"#)"
      try Self.begin(desk, channels: channels)
      try desk.tendTasks()
      try desk.session.run(
        script: """
          update task set due_at = now() - interval '1 hour' where subject in (1, 2);
          update task set version = version + 1, state = 'done', outcome = 'unreachable', settled_at = now() where subject = 3;
          update customer set email = null where id = 1
          """)
      #expect(try desk.tendTasks() == ["overdue", "overdue", "done"])
      #expect(
        try desk.lines(
          "select extract(epoch from r.fallback_at - t.due_at)::bigint::text from campaign_recipient r join task t using (campaign_id, subject) where r.state = 'overdue'"
        )
          == ["7200", "7200"])
      // Silence is not what it waits for here.
      #expect(try desk.standing(1, 3) == "done unreachable by 0")
      #expect(try desk.fallBack() == [])
      try desk.session.run(script: "update campaign_recipient set fallback_at = now() where fallback_at is not null")
      #expect(try desk.fallBack().sorted() == ["fell-back", "no-other-channel"])
      #expect(try desk.standing(1, 1) == "overdue open by 0" && desk.standing(1, 2) == "queued open by 1")
      try desk.session.run(
        script:
          "update task set version = version + 1, state = 'done', outcome = 'contacted', settled_at = now() where subject = 1"
      )
      try desk.tendTasks()
      #expect(try desk.standing(1, 1) == "done contacted by 0")
    }
  }

  @Test("one follows at a time, and whoever gives a customer away at that moment is waited for")
  func alone() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try Self.begin(desk)
      try desk.session.run(script: "begin; select pg_advisory_xact_lock(hashtextextended('millrace tend tasks', 0))")
      #expect(try desk.tendTasks() == [])
      try desk.session.run(script: "commit; begin; update customer set name = 'x' where id = 1")
      do {
        _ = try desk.tendTasks()
        Issue.record("nobody was waited for")
      } catch let error as PostgresError { #expect(error.sqlState == "55P03") }
      try desk.session.run(script: "commit")
      #expect(try desk.tendTasks().count == 4)
    }
  }

  @Test("the preview counts tasks as the launch makes them, shows who would be told what, and no cost")
  func preview() async throws {
    try await CampaignDesk.open(Self.firm) { desk in
      try desk.plan(
        1, "draft", CampaignDesk.definition(channels: Self.alone, filter: "level = gold", more: #", "pace": 10"#),
        expires: "now() + interval '2 days'")
      try desk.session.run(
        script: "insert into campaign_preview (campaign_id, version) select 1, version from campaign")
      #expect(try desk.preview() == ["made"])
      let result = try desk.lines("select coalesce(result, failure) from campaign_preview")[0]
      let json: Statement = """
        select concat_ws(' ', r ->> 'recipients', r ->> 'skipped', r -> 'send' -> 0 ->> 'channel', r ->> 'cost', r ->> 'ends',
          r -> 'samples' -> 0 ->> 'to', r -> 'samples' -> 0 ->> 'text', r -> 'warnings' ->> 0) from (
          select result::jsonb as r from campaign_preview) p
        """
      let shown = try desk.lines(json)[0]
      #expect(
        shown.hasPrefix(
          #"4 {"no-manager": 5, "consent-refused": 1} manager P-1 Call N** of "#), "\(shown) \(result)")
      #expect(shown.contains("tasks would be due at "), "\(shown)")
      try desk.session.run(script: "update campaign set state = 'running', expanded_at = null")
      while try !desk.expand().isEmpty {}
      #expect(
        try desk.lines(
          "select string_agg(concat_ws(' ', state, nullif(reason, ''), recipients), ', ' order by state, reason) from campaign_count where recipients > 0"
        )
          == ["assigned 4, skipped consent-refused 1, skipped no-manager 5"])
    }
  }
}
