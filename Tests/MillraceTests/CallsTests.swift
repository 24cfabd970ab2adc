import Contract
import Glibc
import JSON
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import millrace

@Suite struct CallsTests {
  private static let firm = """
    {"branches": [{"code": "HQ", "name": "h", "level": "head-office"}], "people": [{"code": "P1", "name": "a", "branch": "HQ"}],
     "agents": [{"code": "PJSIP/8001", "person": "P1"}], "queues": [{"code": "sales", "branch": "HQ", "short": 0, "callBack": 15}]}
    """

  @Test("agents and queues are loaded with the firm, as a whole, and refused where nobody is meant")
  func setup() throws {
    try TestDatabase.with { database in
      func setup(_ text: String, _ more: String...) throws -> CommandRun {
        var run: CommandRun?
        try temporaryFile(text) { run = CommandRun(["leads", "setup", $0] + more, on: database) }
        return try #require(run)
      }
      let first = try setup(Self.firm, "--execute")
      #expect(first.exit == .done, "\(first.err)")
      let session = try database.connect()
      let rows = try session.rows(
        """
        select concat_ws(' ', a.code, p.code, q.code, b.code, answer_within_seconds, short_seconds, call_back_minutes)
        from agent a join person p on p.id = a.person_id, call_queue q join branch b on b.id = q.branch_id
        """
      ).map { $0.text(0) }
      #expect(rows == ["PJSIP/8001 P1 sales HQ 20 0 15"])
      let again = try setup(Self.firm)
      #expect(!again.out.contains("8001") && !again.out.contains("sales"), "\(again.out)")
      let refused = try setup(#"{"agents": [{"code": "8002", "person": "P9"}]}"#)
      #expect(refused.exit != .done)
      #expect(refused.err.contains("agents[0].person: unknown-person"), "\(refused.err)")
      let emptied = try setup(#"{"agents": []}"#, "--execute")
      #expect(emptied.exit == .done, "\(emptied.err)")
      let left = try session.rows("select (select count(*) from agent) + 10 * (select count(*) from call_queue)")
      #expect(left[0].integer(0) == 10)
    }
  }

  private static let calls = """
    insert into call (id, version, facts, direction, queue, agent, phone, started_at, answered_at, ended_at, last_at, ring_ms,
      wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, flags, queue_at)
    select 'a', 1, (t * 1000000)::text || E'\\ts\\t\\tsales\\t+8613812345678\\t\\tinbound\\n' || ((t + 4) * 1000000)::text
      || E'\\ta\\t8001\\n' || ((t + 64) * 1000000)::text || E'\\te', 'inbound', 'sales', '8001', 8613812345678, to_timestamp(t),
      to_timestamp(t + 4), to_timestamp(t + 64), to_timestamp(t + 64), 0, 4000, 60000, 0, 0, 'answered', 0, 0, to_timestamp(t)
    from (select (extract(epoch from now())::bigint - 7200) / 900 * 900 as t) n;
    insert into call_figure select false, 'sales', extract(epoch from started_at)::bigint / 900, 1, 1, 0, 0, 0, 4000000, 60000000,
      0, 0, '{0,0,0,1}', '{}' from call;
    insert into call_figure select true, '8001', extract(epoch from started_at)::bigint / 900, 1, 1, 0, 0, 0, 0, 60000000,
      0, 0, '{}', '{}' from call;
    insert into call_talk select '8001', answered_at, ended_at, id, use from call;
    """

  @Test("calls are verified against their own facts, and what was changed by hand is told")
  func verify() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: Self.calls)
      let right = CommandRun("calls", "verify", on: database)
      #expect(right.exit == .done, "\(right.out)\(right.err)")
      #expect(right.out.contains("1 calls"))
      try session.run(script: "update call set talk_ms = 61000; update call_figure set offered = 2 where not is_agent")
      let wrong = CommandRun("calls", "verify", "--json", on: database)
      #expect(wrong.exit == .no)
      #expect(
        wrong.out.contains("answered 0 4000 61000 0 0 0 ") && wrong.out.contains("answered 0 4000 60000 0 0 0 "))
      #expect(wrong.out.contains("2 0 1 0 0 0 4000000") && wrong.out.contains("1 0 1 0 0 0 4000000"), "\(wrong.out)")
    }
  }

  @Test("a call is shown with its time line, its number masked; the figures of queues and agents are reported")
  func showAndReport() throws {
    try TestDatabase.with { database in
      try database.connect().run(script: Self.calls)
      let shown = CommandRun("calls", "show", "a", on: database)
      #expect(shown.exit == .done, "\(shown.err)")
      #expect(shown.out.contains("started") && shown.out.contains("+8613812345678"), "\(shown.out)")
      let masked = try database.connect().rows("select masked_facts(facts) from call")[0].text(0)
      #expect(masked.contains("\t+***5678\t") && !masked.contains("13812345678"), "\(masked)")
      #expect(CommandRun("calls", "show", "b", on: database).exit == .no)
      let queues = CommandRun("calls", "report", "--quarters", on: database)
      #expect(
        queues.rows.map { Array($0.dropFirst()) } == [
          ["sales", "1", "1", "1", "0", "0", "0", "0", "4.0", "4", "60", "0", "100.0"]
        ], "\(queues.out)\(queues.err)")
      let agents = CommandRun("calls", "report", "--agents", on: database)
      #expect(
        agents.rows == [["8001", "-", "1", "1", "0", "0", "0.0", "-", "60", "0", "0", "-", "-", "-"]], "\(agents.out)")
      #expect(CommandRun("calls", "report", "--since", "1h", on: database).out == "No call.\n")
    }
  }

  @Test("linked calls are shown together with one time line; each use of an id with its own; overlaps are verified")
  func together() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: Self.calls)
      try session.run(
        script: """
          insert into call (id, use, version, facts, direction, linked, phone, started_at, last_at, ring_ms, wait_ms, talk_ms,
            hold_ms, wrap_up_ms, transfers, flags)
          select n.id, n.use, 1, (extract(epoch from started_at + n.after) * 1000000)::bigint || E'\\ts\\t\\t\\t+8613812345678\\t\\tinbound'
            || case when n.linked is not null then E'\\t' || n.linked else '' end, 'inbound', n.linked, 8613812345678,
            started_at + n.after, started_at + n.after, 0, 0, 0, 0, 0, 0, 8
          from call, (values ('b', 1, 'a', interval '30 s'), ('a', 2, null, interval '5000 s')) n (id, use, linked, after);
          update call set flags = 8 where id = 'a';
          update call set flags = 0 where id = 'b'
          """)
      let linked = CommandRun("calls", "show", "b", on: database)
      #expect(linked.exit == .done, "\(linked.err)")
      #expect(linked.out.contains("LINKED CALLS        1, below"), "\(linked.out)")
      let line = linked.out.split(separator: "\n").suffix(5).map { $0.split(separator: " ").prefix(1).joined() }
      #expect(line == ["CALL", "a", "a", "b", "a"], "\(linked.out)")
      // The first use is the one that is named; the second has nothing to do with it.
      let uses = CommandRun("calls", "show", "a", on: database).out
      let links = uses.split(separator: "\n").filter { $0.hasPrefix("LINKED CALLS") }
      #expect(links == ["LINKED CALLS        1, below", "LINKED CALLS        -"], "\(uses)")
      #expect(uses.contains("1 of 2") && uses.contains("2 of 2"))
      let right = CommandRun("calls", "verify", on: database)
      #expect(right.exit == .done && right.out.contains("3 calls"), "\(right.out)\(right.err)")
      try session.run(script: "insert into call_overlap select 'a', 1, 'b', 1, '8001', now(), now()")
      let wrong = CommandRun("calls", "verify", on: database)
      #expect(wrong.exit == .no && wrong.out.contains("8001 a b"), "\(wrong.out)")
      try session.run(script: "delete from call_overlap; update call_talk set until = until + interval '1 s'")
      #expect(CommandRun("calls", "verify", on: database).exit == .no)
      try session.run(script: "insert into call_talk_due (calls, uses) values ('{a}', '{1}')")
      let waiting = CommandRun("calls", "verify", on: database)
      #expect(waiting.exit == .done && waiting.out.contains("1 calls have still to be compared"), "\(waiting.out)")
    }
  }

  @Test("a CDR file with a heading is read by it, whatever the order of its columns")
  func heading() throws {
    let names = "uniqueid,src,dst,channel,dstchannel,lastapp,start,answer,end,duration,billsec,disposition"
    let row =
      "17.1,13812345678,4008001234,SIP/t-1,SIP/8001-2,Dial,2026-11-01 10:00:00,,2026-11-01 10:01:00,60,0,NO ANSWER"
    try temporaryFile("\(names)\r\n\(row)\r\n") { name in
      let run = CommandRun("calls", "import", name, "--from", "cdr", "--json")
      #expect(run.exit == .done, "\(run.err)")
      #expect(
        run.out.contains(#""lines":1,"bad":0"#) && run.out.contains(#""call.ended":1,"call.started":1"#), "\(run.out)")
    }
    // A line is one line, whether it cannot be read or the worker would refuse what it says.
    try temporaryFile("\(names)\n\(row.replacing("17.1", with: String(repeating: "1", count: 500)))\n") { name in
      let run = CommandRun("calls", "import", name, "--from", "cdr", "--json")
      #expect(run.exit == .no && run.out.contains(#""lines":1,"bad":1"#), "\(run.out)\(run.err)")
    }
    // What is rejected is imported again once it is mended, in the order of columns that the file without a heading has.
    try temporaryFile("\(names)\n\(row.replacing("60,0", with: "-60,0"))\n") { name in
      let bad = name + "-bad.csv"
      defer { unlink(bad) }
      let run = CommandRun("calls", "import", name, "--from", "cdr", "--reject", bad)
      #expect(run.exit == .no && run.err.contains("duration: out-of-range"), "\(run.err)")
      let again = CommandRun("calls", "import", bad, "--from", "cdr")
      #expect(again.exit == .no && again.err.contains("duration: out-of-range"), "\(again.err)")
    }
    try temporaryFile("1366720340|1.2|q|NONE|ABANDON\n") { name in
      let run = CommandRun("calls", "import", name, "--from", "cdr")
      #expect(run.exit == .no && run.err.contains("is it a cdr file?"), "\(run.err)")
    }
  }
}
