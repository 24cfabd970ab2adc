import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct PeopleReportTests {
  /// P1 has two and had three, one of them converted, one of these long ago; one each is held, waiting and pooled in GD. P2 was given one,
  /// did not talk to it and lost it.
  private static let leads = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', '总部', null, 'head-office'),
      (2, 'GD', '广东', 1, 'province'), (3, 'SZ', '深圳', 2, 'city'), (4, 'BJ', '北京', 1, 'province');
    insert into person (id, code, branch_id, name, manager) values (1, 'P1', 2, '王伟', true), (2, 'P2', 3, '李娜', false), (3, 'P3', 4, '张敏', false);
    insert into lead (id, source, state, branch_id, owner_id, protected_until, held_reason, held_since, step_due_at,
      pooled_at, customer_id, converted_at, version, registered_at)
    values (1, 'web', 'owned', 2, 1, now(), null, null, null, null, null, null, 1, now()),
      (2, 'web', 'owned', 2, 1, now(), null, null, null, null, null, null, 2, now()),
      (3, 'web', 'converted', 2, 1, null, null, null, null, null, 9, now(), 2, now()),
      (4, 'web', 'pooled', 3, null, null, null, null, null, now(), null, null, 2, now()),
      (5, 'web', 'held', 2, null, null, 'full', now(), null, null, null, null, 1, now()),
      (6, 'web', 'waiting', 2, null, null, null, null, now(), null, null, null, 1, now()),
      (7, 'web', 'pooled', 2, null, null, null, null, null, now(), null, null, 1, now());
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, former_owner_id, worker) values
      (1, 1, now() - interval '40 days', 'allocated', 2, 1, null, 'w'), (2, 1, now() - interval '1 hour', 'allocated', 2, 1, null, 'w'),
      (2, 2, now() - interval '10 minutes', 'contacted', 2, 1, null, 'w'),
      (3, 1, now() - interval '40 days', 'allocated', 2, 1, null, 'w'), (3, 2, now() - interval '1 hour', 'converted', 2, 1, null, 'w'),
      (4, 1, now() - interval '1 hour', 'claimed', 3, 2, null, 'w'), (4, 2, now() - interval '1 minute', 'reclaimed', 3, null, 2, 'w'),
      (4, 3, now() - interval '30 seconds', 'contacted', 3, 1, null, 'w'), (5, 1, now(), 'held', 2, null, null, 'w');
    update person_load set open_leads = 2, allocated = 3 where person_id = 1;
    update branch_load set held = 1 where branch_id = 2;
    insert into agent (code, person_id) values ('8001', 1), ('P2', 3);
    insert into call_figure (is_agent, name, quarter, offered, answered, abandoned, missed, transferred, answer_time, talk_time, hold_time, wrap_up_time,
      answered_after, abandoned_after)
    select v.agent, v.name, extract(epoch from now() - v.ago)::bigint / 900, 5, v.calls, 0, 0, 0, 0, v.talk * 1000000::bigint, 0, 0, '{}', '{}'
    from (values (true, '8001', interval '1 hour', 3, 600), (true, 'P1', interval '2 hours', 1, 60), (true, '8001', interval '40 days', 9, 9000),
      (true, 'P2', interval '1 hour', 2, 30), (false, 'P1', interval '1 hour', 100, 100)) v (agent, name, ago, calls, talk);
    """

  private func with(_ body: (TestDatabase) throws -> Void) throws {
    try TestDatabase.with { database in
      try database.connect().run(script: Self.leads)
      try body(database)
    }
  }

  private static let columns = [
    "branch", "person", "owned", "allocated", "contactedInTime", "reclaimed", "converted", "calls", "talk",
  ]

  /// These members of each object of the answer, as they stand there.
  private func members(_ run: CommandRun, _ names: [String] = columns) -> [[String]] {
    run.out.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
      names.map { name in
        guard let start = line.ranges(of: "\"\(name)\":").first?.upperBound else { return "?" }
        return String(line[start...].prefix { $0 != "," && $0 != "}" }).replacing("\"", with: "")
      }
    }
  }

  @Test("branches and people are counted in the time that is asked for, and what they have as of now")
  func month() throws {
    try with { database throws in
      let run = CommandRun("people", "report", "--people", "--json", on: database)
      #expect(
        members(run) == [
          ["GD", "null", "2", "1", "1", "0", "1", "4", "11.0"], ["BJ", "null", "0", "0", "0", "0", "0", "2", "0.5"],
          ["HQ", "null", "0", "0", "0", "0", "0", "0", "0.0"], ["SZ", "null", "0", "1", "0", "1", "0", "0", "0.0"],
          ["GD", "P1", "2", "1", "1", "0", "1", "4", "11.0"], ["BJ", "P3", "0", "0", "0", "0", "0", "2", "0.5"],
          ["SZ", "P2", "0", "1", "0", "1", "0", "0", "0.0"],
        ], "\(run.out)\(run.err)")
      #expect(members(run, ["branch", "held", "waiting", "pooled"])[0] == ["GD", "1", "1", "1"])
      #expect(members(run, ["held", "campaignSent"])[4] == ["null", "null"])
      let ever = CommandRun("people", "report", "--from", "90d", "--branch", "GD", "--json", on: database)
      #expect(
        members(ever, ["branch", "person", "allocated", "calls"]) == [
          ["GD", "null", "3", "13"], ["SZ", "null", "1", "0"], ["GD", "P1", "3", "13"], ["SZ", "P2", "1", "0"],
        ])
    }
  }

  @Test("the order is that of the figure that is asked for; equals have one place")
  func order() throws {
    try with { database throws in
      let run = CommandRun("people", "report", "--by", "calls", "--json", on: database)
      #expect(members(run, ["branch", "rank"]) == [["GD", "1"], ["BJ", "2"], ["HQ", "3"], ["SZ", "3"]])
      let wrong = CommandRun("people", "report", "--by", "call", on: database)
      #expect(wrong.exit == .usage && wrong.err.contains("did you mean `calls`?"), "\(wrong.err)")
      let terminal = CommandRun("people", "report", on: database)
      #expect(terminal.rows.first?.prefix(3) == ["GD", "广东", "1"] && !terminal.out.contains("P1"), "\(terminal.out)")
    }
  }

  @Test("a branch is shown with all below it and its people; what is not there is said")
  func branch() throws {
    try with { database throws in
      let run = CommandRun("people", "report", "--branch", "SZ", on: database)
      #expect(run.out.contains("P2") && !run.out.contains("P1") && !run.out.contains("GD"), "\(run.out)")
      #expect(CommandRun("people", "report", "--branch", "XX", on: database).exit == .no)
      #expect(CommandRun("people", "report", "--from", "1d", "--until", "2d", on: database).exit == .usage)
    }
  }

  @Test("a manager sees the branches that are theirs, and everybody else themselves")
  func own() throws {
    try with { database throws in
      let login = "own_" + String(UInt64.random(in: 0 ... .max), radix: 36)
      let session = try database.connect()
      try session.run(script: "create role \(login) login password 'p'; grant millrace_person to \(login)")
      func report(_ person: String, _ more: String...) throws -> CommandRun {
        try session.run(
          script: "update person set login = null; update person set login = '\(login)' where code = '\(person)'")
        return CommandRun(
          ["people", "report", "--own", "--json"] + more,
          more: ["DATABASE_URL": "user=\(login) password=p \(database.conninfo)"])
      }
      do {
        #expect(
          members(try report("P1"), ["branch", "person"]) == [
            ["GD", "null"], ["SZ", "null"], ["GD", "P1"], ["SZ", "P2"],
          ])
        #expect(members(try report("P2"), ["branch", "person"]) == [["SZ", "P2"]])
        #expect(members(try report("P1", "--branch", "SZ"), ["branch", "person"]) == [["SZ", "null"], ["SZ", "P2"]])
        let other = try report("P1", "--branch", "BJ")
        #expect(other.exit == .no && other.err.contains("no branch of yours has the code"), "\(other.out)")
        #expect(try report("P9").err.contains("belongs to no active person"))
      } catch {
        try session.run(script: "drop owned by \(login); drop role \(login)")
        throw error
      }
      try session.run(script: "drop owned by \(login); drop role \(login)")
    }
  }

  @Test("tasks and what campaigns brought are those of the time")
  func campaigns() throws {
    try with { database throws in
      try database.connect().run(
        script: """
          insert into customer (id, code, manager_id, branch_id, version, data, status, changed_at) values (9, 'C9', 1, 2, 1, gen_random_uuid(), 'active', now());
          insert into campaign (id, name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state, launched_at)
          overriding system value values (5, 'five', '{}', 2, 1, 1, now() - interval '2 days', now() + interval '1 day', 'UTC', 'running', now() - interval '2 days');
          insert into campaign_figure (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount) values
            (5, now() - interval '1 hour', 'sms', 0, '', 2, 'accepted', '', '', 70, 70, 0), (5, now() - interval '40 days', 'sms', 0, '', 2, 'accepted', '', '', 8, 8, 0),
            (5, now() - interval '1 hour', 'sms', 0, '', 2, 'delivered', '', '', 60, 0, 0);
          insert into conversion_credit (conversion_id, campaign_id, subject, message_id, kind, is_goal, standing, channel, variant, region, branch_id, converted_at,
            share, amount, currency) values (1, 5, 9, 1, 'assets-added', true, 'credited', 'sms', 0, '', 2, now() - interval '1 hour', 0.5, null, ''),
            (2, 5, 9, 0, 'assets-added', true, 'held-out', '', 0, '', 2, now() - interval '1 hour', 0, null, ''),
            (3, 5, 9, 1, 'earned', false, 'credited', 'sms', 0, '', 2, now() - interval '1 hour', 1, null, '');
          insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script, due_at,
            state, outcome, settled_at, settled_by_id) values
            (5, 9, 0, 'five', 'Five', 'customer', 'C9', 1, 'P1', 2, 'x', now(), 'done', 'contacted', now() - interval '1 hour', 1),
            (5, 8, 0, 'five', 'Five', 'customer', 'C8', 2, 'P2', 3, 'x', now(), 'overdue', null, null, null),
            (5, 7, 0, 'five', 'Five', 'customer', 'C7', 1, 'P1', 2, 'x', now(), 'done', 'contacted', now() - interval '40 days', 1);
          """)
      let run = CommandRun("people", "report", "--people", "--json", on: database)
      let names = ["branch", "person", "tasksDone", "tasksOverdue", "campaignSent", "campaignConverted"]
      #expect(
        Set(members(run, names)).isSuperset(of: [
          ["GD", "null", "1", "0", "70", "0.5"], ["GD", "P1", "1", "0", "null", "0.5"],
          ["SZ", "P2", "0", "1", "null", "0.0"],
        ]), "\(run.out)\(run.err)")
    }
  }

  @Test("it is given as a page and for spreadsheets, and nothing of a name becomes markup or a formula")
  func forms() throws {
    try with { database throws in
      try database.connect().run(script: "update person set name = '=<b>1</b>' where code = 'P1'")
      let page = CommandRun("people", "report", "--people", "--as", "html", on: database)
      #expect(
        page.out.contains("=&lt;b&gt;1&lt;/b&gt;") && page.out.contains("Branches by conversions")
          && page.out.contains("机构：转化"), "\(page.err)")
      #expect(page.out.ranges(of: #"<span class="en">"#).count == page.out.ranges(of: #"<span class="zh""#).count)
      let sheet = CommandRun("people", "report", "--people", "--as", "csv", on: database)
      #expect(
        sheet.out.contains("branches,GD,广东,converted,1,\r\n") && sheet.out.contains("people,P1,'=<b>1</b> GD,rank,1,"),
        "\(sheet.out)")
    }
  }

  @Test("no report goes through all leads or all history")
  func indexes() throws {
    try with { database throws in
      let session = try database.connect()
      var body = try session.rows("select prosrc from pg_proc where proname = 'people_figures'")[0].text(0)
      for (name, value) in [
        ("any(branches)", "any('{2}'::bigint[])"), ("any(people)", "any('{}'::bigint[])"),
        (">= since", ">= now() - interval '7 days'"),
        ("< until", "< now()"), ("greatest(since, '1970-01-01')", "now() - interval '7 days'"),
        ("least(until, '2200-01-01')", "now()"),
      ] { body = body.replacing(name, with: value) }
      try session.run(
        script: """
          set enable_seqscan = off;
          create function plan() returns setof text language plpgsql as $f$ begin return query execute $q$explain \(body)$q$; end $f$
          """)
      let plan = try session.rows("select plan()").map { $0.text(0) }
      #expect(!plan.contains { $0.contains("Seq Scan on lead") }, "\(plan)")
      for index in ["lead_history_at", "conversion_credit_at", "call_figure_pkey"] {
        #expect(plan.contains { $0.contains(index) }, "\(index): \(plan)")
      }
    }
  }
}
