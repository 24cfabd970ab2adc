import TestKit
import Testing

@testable import millrace

@Suite struct LanesTests {
  private func with(_ body: (TestDatabase) throws -> Void) throws {
    try TestDatabase.with { database in
      try database.connect().run(
        script: """
          insert into position (worker, topic, partition, next_offset, stopped_rule, stopped_detail, stopped_at) values
            ('allocate-leads', 'lead.registered', 0, 10, null, null, null),
            ('allocate-leads', 'lead.registered', 1, 20, 'garbage', 'half of it is refused', clock_timestamp()),
            ('allocate-leads', 'lead.registered', 2, 30, 'recreated', 'another record is there', clock_timestamp()),
            ('other', 'lead.registered', 1, 40, 'garbage', 'mine too', clock_timestamp());
          update position set owner = gen_random_uuid() where worker = 'allocate-leads' and partition = 0;
          """)
      try body(database)
    }
  }

  @Test("lanes are listed with their state and why they stand still")
  func list() throws {
    try with { database throws in
      let all = CommandRun("lanes", "list", on: database)
      #expect(all.exit == .done && all.rows.map { $0[4] } == ["reading", "stopped", "stopped", "stopped"])
      let stopped = CommandRun("lanes", "list", "allocate-leads", "lead.registered/1", "--stopped", on: database)
      #expect(stopped.rows.count == 1 && stopped.out.contains("half of it is refused"))
    }
  }

  @Test("resume lifts the stops that are meant, accepts so many, and is recorded")
  func resume() throws {
    try with { database throws in
      let run = CommandRun("lanes", "resume", "allocate-leads", "lead.registered/1", "--accept", "100", on: database)
      #expect(run.exit == .done && run.rows.first?.contains("garbage") == true)
      let session = try database.connect()
      let left = try session.rows("select worker, partition from position where stopped_rule is not null order by 1, 2")
      #expect(left.map { "\($0.text(0)) \($0.integer(1))" } == ["allocate-leads 2", "other 1"])
      let row = try session.rows(
        "select accept, stopped_at is null, stopped_detail is null from position where partition = 1 and worker = 'allocate-leads'"
      )[0]
      #expect(row.integer(0) == 100 && row.boolean(1) && row.boolean(2))
      let action = try session.rows("select command, detail, by from operator_action")
      #expect(action.count == 1)
      #expect(action[0].text(0) == "lanes resume allocate-leads lead.registered/1 --accept 100")
      #expect(action[0].text(1).contains("half of it is refused"))
      #expect(action[0].text(2) != "millrace_operator")
    }
  }

  @Test("resuming what does not stand still changes and records nothing")
  func nothing() throws {
    try with { database throws in
      let run = CommandRun("lanes", "resume", "allocate-leads", "lead.registered/0", on: database)
      #expect(run.exit == .done && run.out.contains("Nothing stood still."))
      let unknown = CommandRun("lanes", "resume", "nobody", on: database)
      #expect(
        unknown.exit == .no && unknown.err.contains("There are: allocate-leads lead.registered, other lead.registered.")
      )
      #expect(try database.connect().rows("select from operator_action").count == 0)
    }
  }

  @Test("positions are shown without asking Kafka")
  func positions() throws {
    try with { database throws in
      let run = CommandRun("positions", "show", "other", "--json", on: database)
      #expect(run.exit == .done && run.out.contains("\"position\":40"))
    }
  }
}
