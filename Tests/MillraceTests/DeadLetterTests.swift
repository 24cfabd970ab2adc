import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct DeadLetterTests {
  private func with(_ body: (TestDatabase, Connection) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into dead_letter (worker, topic, partition, "offset", recorded_at, key, value, header_names,
            header_values, source, event_id, path, reason, detail, dead_at) values
            ('allocate-leads', 'lead.registered', 0, 5, now(), 'k1', '{"phone": 1}', '{ce_id,ce_source}',
              '{e1,/shop}', '/shop', 'e1', 'phone', 'wrong-type', 'a string was expected', now() - interval '3 hours'),
            ('allocate-leads', 'lead.registered', 1, 6, now(), null, '\\xff00', '{ce_id,millrace_replays,ce_id}',
              array['e2', '2', 'e3']::bytea[], '/shop', 'e2', '', 'not-utf-8', 'no text', now()),
            ('allocate-leads', 'lead.registered', 1, 7, now(), 'k3', null, '{millrace_replays}',
              array['3']::bytea[], '/shop', 'e4', '', 'empty', 'no value', now()),
            ('allocate-leads', 'lead.ownership', 1, 8, now(), 'k5', 'x', '{millrace_run,a,millrace_index}',
              array['9', 'b', '1']::bytea[], '/shop', 'e5', 'id', 'identity-reused', 'other data', now()),
            ('allocate-leads', 'lead.ownership', 1, 9, now(), 'k6', 'x', '{millrace_replays}',
              array['\\xff']::bytea[], '/shop', 'e6', '', 'odd', 'odd', now());
          """)
      try body(database, session)
    }
  }

  @Test("they are listed without values, by any filter, and counted by reason")
  func list() throws {
    try with { database, _ throws in
      let all = CommandRun("dead-letters", "list", on: database)
      #expect(all.rows.map { $0[0] } == ["1", "2", "3", "4", "5"])
      #expect(all.rows[1].contains("2") && !all.out.contains("phone\": 1"))
      #expect(CommandRun("dead-letters", "list", "--since", "1h", on: database).rows.count == 4)
      #expect(CommandRun("dead-letters", "list", "--reason", "empty", on: database).rows.map { $0[0] } == ["3"])
      #expect(CommandRun("dead-letters", "list", "--topic", "lead.ownership", on: database).rows.count == 2)
      let summary = CommandRun("dead-letters", "list", "--summary", on: database)
      #expect(summary.rows.count == 5)
      #expect(CommandRun("dead-letters", "list", "--limit", "2", on: database).out.contains("There may be more"))
      #expect(CommandRun("dead-letters", "list", "--since", "yesterday", on: database).exit == .usage)
      #expect(CommandRun("dead-letters", "list", "--state", "gone", on: database).exit == .usage)
    }
  }

  @Test("one is shown with persons masked; whole for who may see that, binary values in base64, and it is recorded")
  func show() throws {
    try with { database, session throws in
      let masked = CommandRun("dead-letters", "show", "1", on: database)
      #expect(masked.out.contains("{\"phone\": \"***\"}") && masked.out.contains("ce_source=/shop"))
      let text = CommandRun("dead-letters", "show", "1", "--reveal", on: database)
      #expect(text.out.contains("{\"phone\": 1}") && text.out.contains("ce_source=/shop"))
      #expect(CommandRun("dead-letters", "show", "2", on: database).out.contains("2 bytes that are not UTF-8"))
      let binary = CommandRun("dead-letters", "show", "2", "--reveal", "--json", on: database)
      #expect(binary.out.contains("\"value\":\"base64:/wA=\"") && binary.out.contains("\"key\":null"))
      #expect(CommandRun("dead-letters", "show", "99", on: database).exit == .no)
      #expect(CommandRun("dead-letters", "show", "x", on: database).exit == .usage)
      #expect(
        try session.rows("select detail from operator_action order by id").map { $0.text(0) }
          == ["saw the personal data of dead letter 1", "saw the personal data of dead letter 2"])
    }
  }

  @Test(
    "what names a person is masked, in JSON and in what is none any more",
    arguments: [
      (#"{"phone":"+8613812345678","source":"web"}"#, #"{"phone":"***","source":"web"}"#),
      (
        #"{"name" : "a\"b", "otherNames":["x","y"],"level":"gold"}"#,
        #"{"name" : "***", "otherNames":["***","***"],"level":"gold"}"#
      ),
      (#"{"idNumber":11010519491231,"email":null}"#, #"{"idNumber":"***","email":null}"#),
      (#"{"phones":[{"number":"138 1234 5678","kind":"mobile"}]}"#, #"{"phones":[{"number":"***","kind":"mobile"}]}"#),
      (#"{"name":{"first":"x"}}"#, #"{"name":{"first":"x"}}"#), (#"{"idNumber":"1101"#, #"{"idNumber":"***""#),
      (#"{"idNumber":"#, #"{"idNumber":"#), (#"{"remark":"call 13812345678"}"#, #"{"remark":"call *********78"}"#),
      ("name,phone\n王,13812345678", "name,phone\n王,*********78"), (#""name""#, #""name""#), ("", ""),
    ])
  func masks(text: String, expected: String) {
    #expect(PersonalSight(reveals: false).shown(Array(text.utf8)) == expected)
    #expect(PersonalSight(reveals: true).shown(Array(text.utf8)) == text)
  }

  @Test("a replay is a preview first, and leaves out what can or may not pass")
  func preview() throws {
    try with { database, session throws in
      let run = CommandRun("dead-letters", "replay", "--all", on: database)
      #expect(run.exit == .done)
      let outcomes = run.rows.prefix(5).map { $0.first { $0.contains("replayed") || $0 == "left out" } ?? "" }
      #expect(outcomes == ["would be replayed", "would be replayed", "left out", "left out", "would be replayed"])
      #expect(run.out.contains("Nothing was done. To do it to these 3, add --execute."))
      #expect(try session.rows("select from outbox").count == 0)
      #expect(try session.rows("select from dead_letter where state <> 'open'").count == 0)
    }
  }

  @Test(
    "a replay puts the letters into the outbox in the transaction that closes them, counted and without old numbers")
  func replay() throws {
    try with { database, session throws in
      let run = CommandRun("dead-letters", "replay", "1", "2", "5", "--execute", on: database)
      #expect(run.exit == .done && run.out.contains("3 are in the outbox"))
      let outbox = try session.rows("select topic, dead_letters, source from outbox order by id")
      #expect(outbox.map { $0.text(0) } == ["lead.registered", "lead.ownership"])
      #expect(outbox.map { $0.integers(1) } == [[1, 2], [5]])
      let letters = try session.rows(
        """
        select state, replays, header_names, header_values, key, value, settled_by is not null from dead_letter
        where id in (1, 2, 5) order by id
        """)
      #expect(letters.map { $0.text(0) } == ["replayed", "replayed", "replayed"])
      #expect(letters.map { $0.integer(1) } == [1, 3, 1])
      #expect(letters[0].texts(2) == ["ce_id", "ce_source", "millrace_replays"])
      #expect(letters[1].texts(2) == ["ce_id", "ce_id", "millrace_replays"])
      #expect(letters[1].array(3) { $0.map { [UInt8]($0) } } == [Array("e2".utf8), Array("e3".utf8), Array("3".utf8)])
      #expect(letters[0].bytes(5) == Array("{\"phone\": 1}".utf8))
      #expect(try session.rows("select from operator_action").count == 1)
      let again = CommandRun("dead-letters", "replay", "1", "--execute", on: database)
      #expect(again.exit == .no && again.err.contains("there is no open dead letter 1. Nothing was done."))
      #expect(try session.rows("select from outbox").count == 2)
    }
  }

  @Test("the numbers of an old run do not travel with a replay, and more replays are allowed on demand")
  func old() throws {
    try with { database, session throws in
      let run = CommandRun("dead-letters", "replay", "3", "--max", "9", "--execute", on: database)
      #expect(run.exit == .done)
      #expect(try session.rows("select replays from dead_letter where id = 3")[0].integer(0) == 4)
      try session.run(script: "update dead_letter set reason = 'odd' where id = 4")
      #expect(CommandRun("dead-letters", "replay", "4", "--execute", on: database).exit == .done)
      #expect(
        try session.rows("select header_names from dead_letter where id = 4")[0].texts(0) == ["a", "millrace_replays"])
    }
  }

  @Test("what somebody else settles meanwhile is not sent")
  func settledMeanwhile() throws {
    try with { database, session throws in
      // Settles the letter in the moment between the command's look and its lock.
      try session.run(
        script: """
          create function settle() returns trigger language plpgsql as $$ begin
            if new.state = 'replayed' then return null; end if;
            return new; end $$;
          create trigger settle before update on dead_letter for each row when (old.id = 2) execute function settle();
          """)
      let run = CommandRun("dead-letters", "replay", "1", "2", "--execute", on: database)
      #expect(run.exit == .no && run.err.contains("Nothing was done"))
      #expect(try session.rows("select from outbox").count == 0)
      #expect(try session.rows("select from dead_letter where state <> 'open'").count == 0)
    }
  }

  @Test("discarding closes and records, after a preview")
  func discard() throws {
    try with { database, session throws in
      #expect(
        CommandRun("dead-letters", "discard", "--reason", "empty", on: database).out.contains("would be discarded"))
      let run = CommandRun("dead-letters", "discard", "--reason", "empty", "--execute", "--json", on: database)
      #expect(run.exit == .done && run.out.hasPrefix("[\n{\"id\":3,"))
      let states = try session.rows("select id, state from dead_letter where state <> 'open'")
      #expect(states.map { $0.integer(0) } == [3] && states[0].text(1) == "discarded")
      #expect(try session.rows("select from outbox").count == 0)
    }
  }

  @Test("bytes that are no text are base64")
  func base64() {
    #expect(Bytes.shown(Array("陈".utf8)) == "陈")
    #expect(Bytes.shown([0xFF]) == "base64:/w==")
    #expect(Bytes.shown([0xFF, 0, 1]) == "base64:/wAB")
    #expect(Bytes.shown([0xFF, 0]) == "base64:/wA=")
  }
}
