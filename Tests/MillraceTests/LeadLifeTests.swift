import Postgres
import TestKit
import Testing

@testable import millrace

/// What people and operators do about leads from the command line. What comes of it is reclaim-leads' to say.
@Suite struct LeadLifeTests {
  private func with(_ body: (TestDatabase, Connection) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'),
            (2, 'GD', 'g', 1, 'province');
          insert into person (id, code, branch_id, name, manager, login, capacity) values (1, 'P1', 2, 'a', true, session_user, 10),
            (2, 'P2', 2, 'b', false, null, 1);
          insert into lead (id, phone, source, product, state, branch_id, owner_id, protected_since, protected_until, version, registered_at)
            select n, 8613800000000 + n, 'web', case when n = 3 then 'fund' end, 'owned', 2, 1, now(), now() + interval '7 days', 1, now()
            from generate_series(1, 3) n;
          update person_load set open_leads = 3 where person_id = 1
          """)
      try body(database, session)
    }
  }

  @Test("a deed is written down and put into the outbox together, under the login's person")
  func deeds() throws {
    try with { database, session throws in
      for words in [
        ["leads", "claim", "1"], ["leads", "release", "1"], ["leads", "contact", "1", "--at", "1h"],
        ["leads", "assign", "1", "--to", "P2"], ["leads", "assign", "1", "--to", "GD"],
      ] {
        let run = CommandRun(words + ["--wait", "0"], on: database)
        #expect(run.exit == .done && run.out.contains("Written down."), "\(words): \(run.err)")
      }
      let commands = try session.rows(
        "select what || coalesce(to_branch_id::text, '') || coalesce(to_person_id::text, '') from command order by at")
      #expect(commands.map { $0.text(0) } == ["claimed", "released", "contacted", "assigned2", "assigned2"])
      #expect(
        try session.rows(
          "select from outbox where topic = 'lead.activity' and event_ids[1] in (select id::text from command)"
        )
        .count == 5)
      #expect(CommandRun("leads", "claim", "99", "--wait", "0", on: database).exit == .no)
      #expect(CommandRun("leads", "claim", "x", on: database).exit == .usage)
      try session.run(script: "update command set outcome = 'taken', settled_at = now()")
      try session.run(script: "update person set login = null")
      let stranger = CommandRun("leads", "claim", "1", on: database)
      #expect(stranger.exit == .no && stranger.err.contains("belongs to no active person"))
    }
  }

  @Test("a transfer is shown first, with what fits")
  func transfer() throws {
    try with { database, session throws in
      let preview = CommandRun("leads", "transfer", "--from", "P1", "--to", "P2", on: database)
      #expect(preview.rows.first == ["P1", "P2", "3", "1", "0", "P2", "no"], "\(preview.out)\(preview.err)")
      #expect(try session.rows("select from command").count == 0)
      let run = CommandRun("leads", "transfer", "--from", "P1", "--by-rule", "--execute", "--wait", "0", on: database)
      #expect(run.exit == .done && run.out.contains("not decided yet"), "\(run.out)\(run.err)")
      #expect(try session.rows("select from command where to_branch_id = 2 and transfer_id is not null").count == 3)
      #expect(CommandRun("leads", "transfer", "--from", "P1", on: database).exit == .usage)
    }
  }

  @Test("a policy says how many leads it touches; at once it marks their clocks to begin anew")
  func policy() throws {
    try with { database, session throws in
      let preview = CommandRun("leads", "policy", "--branch", "GD", "--days", "5", on: database)
      #expect(
        preview.rows.first == ["GD", "-", "-", "5", "3", "from the next start", "no"], "\(preview.out)\(preview.err)")
      #expect(try session.rows("select from protection_policy").count == 1)
      let run = CommandRun(
        "leads", "policy", "--branch", "GD", "--product", "fund", "--days", "5", "--at-once", "--execute", on: database)
      #expect(run.rows.first == ["GD", "fund", "-", "5", "1", "at once", "yes"], "\(run.out)\(run.err)")
      #expect(try session.rows("select from lead where check_at = '-infinity' and id = 3").count == 1)
      #expect(try session.rows("select from lead where check_at = '-infinity'").count == 1)
      #expect(CommandRun("leads", "policy", on: database).rows.count == 2)
    }
  }
}
