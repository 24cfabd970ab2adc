import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct OutboxRefusedTests {
  private func with(_ body: (TestDatabase, Connection) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into dead_letter (worker, topic, partition, "offset", value, path, reason, detail)
            values ('w', 'lead.registered', 0, 5, 'x', '', 'empty', 'no value');
          insert into outbox_refused (run, run_index, topic, source, type, event_id, key, payload, reason) values
            (3, 0, 'lead.ownership', '/millrace/allocate-leads', 'lead.held', '7.0', '42', '{"secret": 1}', 'too large'),
            (3, 5, 'lead.registered.dlq', '/millrace/w', 'dead letter', '1', '', '', 'policy'),
            (4, 1, 'lead.registered.dlq', '/millrace/w', 'dead letter', '99', '', '', 'policy'),
            (4, 2, 'lead.ownership', '/millrace/allocate-leads', 'lead.held', '8.1', '42', '{}', 'too large');
          """)
      try body(database, session)
    }
  }

  @Test("they are listed without values, by topic and state")
  func list() throws {
    try with { database, session throws in
      let all = CommandRun("outbox", "refused", "list", on: database)
      #expect(all.rows.map { $0[0] } == ["1", "2", "3", "4"] && !all.out.contains("secret"))
      let some = CommandRun("outbox", "refused", "list", "--topic", "lead.ownership", "--json", on: database)
      #expect(some.out.contains("\"eventId\":\"7.0\"") && !some.out.contains("dlq"))
      #expect(
        CommandRun("outbox", "refused", "list", "--state", "resent", on: database).out.contains("nothing that is open"))
      #expect(CommandRun("outbox", "refused", "list", "--limit", "2", on: database).out.contains("There may be more"))
      #expect(CommandRun("outbox", "refused", "forget", on: database).exit == .usage)
      #expect(CommandRun("outbox", "refused", "resend", on: database).exit == .usage)
      #expect(CommandRun("outbox", "refused", "list", "x", on: database).exit == .usage)
    }
  }

  @Test("sending again is a preview first, and then one outbox row each, under the event's own id, in order")
  func resend() throws {
    try with { database, session throws in
      let preview = CommandRun("outbox", "refused", "resend", "--all", on: database)
      #expect(preview.out.contains("would be resent") && preview.out.contains("To do it to these 3, add --execute."))
      #expect(try session.rows("select from outbox").count == 0)
      let done = CommandRun("outbox", "refused", "resend", "--all", "--execute", on: database)
      #expect(done.exit == .done && done.out.contains("3 are in the outbox"))
      #expect(done.out.contains("the dead letter is no longer there"))
      let rows = try session.rows(
        """
        select format('%s %s %s %s %s %s %s', topic, source, types, keys, event_ids, dead_letters,
          (select string_agg(convert_from(p, 'UTF8'), ',') from unnest(payloads) p)) from outbox order by id
        """
      ).map { $0.text(0) }
      #expect(
        rows == [
          "lead.ownership /millrace/allocate-leads {lead.held} {42} {7.0} {} {\"secret\": 1}",
          "lead.registered.dlq /millrace/w {} {} {} {1} ",
          "lead.ownership /millrace/allocate-leads {lead.held} {42} {8.1} {} {}",
        ])
      #expect(
        try session.rows("select from outbox_refused where state = 'resent' and settled_by is not null").count == 3)
      #expect(CommandRun("outbox", "refused", "resend", "1", "--execute", on: database).exit == .no)
      #expect(try session.rows("select detail from operator_action").map { $0.text(0) } == ["resent: 1 2 4"])
    }
  }

  @Test("what is discarded stays, with who did it")
  func discard() throws {
    try with { database, session throws in
      let done = CommandRun("outbox", "refused", "discard", "3", "--execute", on: database)
      #expect(done.exit == .done)
      #expect(try session.rows("select id from outbox_refused where state = 'discarded'").map { $0.integer(0) } == [3])
      #expect(try session.rows("select from outbox").count == 0)
      #expect(CommandRun("outbox", "refused", "list", on: database).rows.count == 3)
    }
  }
}
