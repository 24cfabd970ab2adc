import Kafka
import Postgres
import TestKit
import Testing

@testable import Runtime

/// What a lane does about trouble: nothing is skipped, nothing is applied twice, nobody is held up.
@Suite struct LaneFailureTests {
  // MARK: Bad data

  @Test("what the database refuses is found by halves and dead-lettered, all its neighbours are applied")
  func refusedByTheDatabase() async throws {
    try await Scene.play { scene in
      let bad = Scene.event("bad", #"{"key": "k", "amount": 666}"#)
      let alsoBad = Scene.event("worse", #"{"key": "k", "amount": 666}"#)
      try scene.publish(Scene.notes(0..<11) + [bad] + Scene.notes(11..<20) + [alsoBad])
      let lane = try scene.lane()
      try scene.awaitPosition(22)
      lane.end()
      #expect(try scene.notes() == (0..<20).map(Int64.init))
      #expect(try scene.deadLetters() == ["11 - not-storable", "21 - not-storable"])
      #expect(try scene.text("select string_agg(detail, ' ') from dead_letter")?.contains("666") == false)
    }
  }

  @Test("a key that a concurrent twin has taken looks like bad data: a fresh load mends it")
  func concurrentTwin() async throws {
    try await Scene.play { scene in
      let name = scene.database.name
      try scene.publish(
        Scene.event("a", #"{"key": "k", "deed": "first", "gate": "\#(name)"}"#),
        Scene.event("b", #"{"key": "l", "deed": "first"}"#))
      let lane = try scene.lane()
      try Gate.named(name).awaitArrival()
      try scene.session.run(script: "insert into first (key, event) values ('k', 'a twin')")
      Gate.named(name).open()
      try scene.awaitPosition(2)
      lane.end()
      #expect(try scene.deadLetters() == [])
      #expect(
        try scene.session.rows("select key || ' ' || event from first order by 1").map { $0.text(0) } == [
          "k a twin", "l b",
        ])
    }
  }

  @Test("a conflict that no fresh load mends is bad data in the end")
  func lastingConflict() async throws {
    try await Scene.play { scene in
      // The key is unique in a way that load cannot see.
      try scene.session.run(
        script: "create unique index on first (lower(key)); insert into first (key, event) values ('K', 'before')")
      try scene.publish(
        Scene.notes(0..<2) + [Scene.event("a", #"{"key": "k", "deed": "first"}"#)] + Scene.notes(2..<4))
      let lane = try scene.lane()
      try scene.awaitPosition(5)
      lane.end()
      #expect(try scene.notes() == [0, 1, 2, 3])
      #expect(try scene.deadLetters() == ["2 - not-storable"])
    }
  }

  @Test("a guarded write that never fits is found by halves as a conflict is")
  func guardedWrite() async throws {
    try await Scene.play { scene in
      // A row that vanishes touches none.
      try scene.session.run(
        script: """
          create function vanish() returns trigger language plpgsql as $$ begin return null; end $$;
          create trigger vanish before insert on note for each row when (new.amount = 13) execute function vanish()
          """)
      try scene.publish(Scene.notes(10..<16))
      let lane = try scene.lane()
      try scene.awaitPosition(6)
      lane.end()
      #expect(try scene.notes() == [10, 11, 12, 14, 15])
      #expect(try scene.deadLetters() == ["3 - not-storable"])
    }
  }

  @Test("an event whose dead letter cannot be written either stops the lane loudly, and nothing is skipped")
  func deadLetterFails() async throws {
    try await Scene.play { scene in
      try scene.session.run(script: "alter table dead_letter add constraint none check (false)")
      try scene.publish(Scene.notes(0..<1) + [Scene.event("a", #"{"key": "k", "deed": "reject"}"#)])
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("23514")
      #expect(sentence.contains("millrace lanes resume test-noted test.noted"))
      #expect(try scene.text("select stopped_rule from position") == "failed")
      #expect(try scene.position() == 1)
      try scene.session.run(script: "alter table dead_letter drop constraint none")
      try scene.liftStop()
      try scene.awaitPosition(2)
      #expect(try scene.deadLetters() == ["1 deed unwanted"])
      try lane.awaitReady()
    }
  }

  @Test("an unknown error is no success: the lane stops with the sentence and the way on, and goes on where it stood")
  func unknown() async throws {
    try await Scene.play { scene in
      try scene.session.run(script: "alter table note rename to elsewhere")
      try scene.publish(Scene.notes(0..<2))
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("stopped: PostgreSQL 42P01")
      #expect(sentence.contains("when mended: millrace lanes resume test-noted test.noted"))
      try scene.session.run(script: "alter table elsewhere rename to note")
      try scene.liftStop()
      try scene.awaitPosition(2)
      #expect(try scene.notes() == [0, 1])
    }
  }

  @Test("an emission that is larger than its topic takes is a fault of ours: the lane stops, nothing is written")
  func tooLargeEmission() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.event("a", #"{"key": "k", "deed": "shout"}"#))
      let lane = try scene.lane()
      try lane.awaitSentence("test-noted emits 12021 bytes to test.echo, which takes less")
      #expect(try scene.notes() == [])
      #expect(try scene.position() == 0)
    }
  }

  // MARK: Trouble that passes

  @Test("a connection that is lost in the middle of a batch: the batch is tried again and takes effect once")
  func lostConnection() async throws {
    try await Scene.play { scene in
      let name = scene.database.name
      try scene.publish(Scene.notes(0..<2) + [Scene.event("a", #"{"key": "k", "amount": 7, "gate": "\#(name)"}"#)])
      let lane = try scene.lane()
      try Gate.named(name).awaitArrival()
      #expect(
        try scene.number(
          """
          select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
          where datname = current_database() and application_name = 'test-noted' and state like 'idle in transaction%'
          """) == 1)
      Gate.named(name).open()
      try scene.awaitPosition(3)
      #expect(try scene.notes() == [0, 1, 7])
      try lane.awaitReady()
      #expect(lane.said("the lane waits and tries again") >= 1)
    }
  }

  @Test("a lock that another session holds: the lane waits, says so, goes on polling, and applies once it is free")
  func lockTimeout() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      let lane = try scene.lane([
        "DATABASE_PATIENCE": "500ms", "KAFKA_MAX_POLL_INTERVAL_MS": "4000",
      ])
      try scene.awaitPosition(1)
      try scene.session.run(script: "begin; select from position for update")
      try scene.publish(Scene.notes(1..<3))
      try lane.awaitWords("the lane waits and tries again", times: 6)
      try lane.awaitSentence("waits: PostgreSQL 55P03")
      #expect(lane.said("partitions were taken away") == 0, "it polled all the time")
      try scene.session.run(script: "commit")
      try scene.awaitPosition(3)
      #expect(try scene.notes() == [0, 1, 2])
      try lane.awaitReady()
    }
  }

  @Test("a database that is away when the lane starts: it waits, and is ready once it is there")
  func databaseAway() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      let other = try Connection("dbname=postgres", name: "test", limits: TestDatabase.limits)
      try other.run(script: "alter database \(scene.database.name) allow_connections false")
      let lane = try scene.lane()
      try lane.awaitSentence("PostgreSQL")
      try other.run(script: "alter database \(scene.database.name) allow_connections true")
      try scene.awaitPosition(1)
      try lane.awaitReady()
    }
  }

  @Test("a row that is locked when the group assigns it is waited for")
  func lockedAtAssignment() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      try scene.havePosition("next_offset = 0")
      try scene.session.run(script: "begin; select from position for update")
      let lane = try scene.lane(["DATABASE_PATIENCE": "500ms"])
      try lane.awaitWords("the lane waits and tries again", times: 2)
      try scene.session.run(script: "commit")
      try scene.awaitPosition(1)
      try lane.awaitReady()
      #expect(lane.said("other lanes have taken partitions") == 0)
    }
  }

  @Test("a row that a frozen owner holds beyond every timeout is freed by ending that owner's session")
  func frozenBeyondTimeouts() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      // As a lane that is frozen while it sends a statement: no timeout of its session runs.
      let ghost = try scene.database.connect()
      try ghost.run(
        script: """
          set idle_in_transaction_session_timeout = 0;
          insert into position (worker, topic, partition, owner, session_pid, session_since)
          select 'test-noted', 'test.noted', 0, gen_random_uuid(), pid, backend_start
          from pg_stat_get_activity(pg_backend_pid());
          """)
      try ghost.run(script: "begin; select from position for update")
      let lane = try scene.lane(["DATABASE_PATIENCE": "500ms"])
      try scene.awaitPosition(1)
      try lane.awaitReady()
      #expect(try scene.notes() == [0])
      #expect(throws: PostgresError.self, "its session was ended") { try ghost.rows("select 1") }
    }
  }

  @Test("an idle lane that lost its connection is ready again without an event")
  func idle() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      _ = try scene.session.rows(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'test-noted'
        """)
      try lane.awaitWords("the lane waits and tries again")
      try lane.awaitReady()
    }
  }

  @Test("a lane without a database lets go of partitions all the same: nobody waits for it")
  func letsGo() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      let other = try Connection("dbname=postgres", name: "test", limits: TestDatabase.limits)
      try other.run(script: "alter database \(scene.database.name) allow_connections false")
      _ = try scene.session.rows(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'test-noted'
        """)
      try lane.awaitSentence("waits: PostgreSQL")
      let heir = try Consumer(
        group: NotedWorker.name, topics: [Noted.topic.name],
        properties: scene.cluster.properties(["session.timeout.ms": "4000"]))
      let batch = RecordBatch()
      try scene.session.waitUntil("the partition to be let go") {
        _ = heir.poll(into: batch, upTo: PollLimit(records: 10), wait: .milliseconds(10))
        return lane.said("partitions were taken away") == 1
      }
      heir.close(within: .seconds(2))
      try other.run(script: "alter database \(scene.database.name) allow_connections true")
    }
  }

  @Test("an outbox that holds old events takes nothing in until the relay is back, and says so")
  func outboxTooOld() async throws {
    try await Scene.play { scene in
      try scene.session.run(
        script: """
          insert into outbox (topic, source, types, keys, payloads, emitted_at)
          values ('a', 'b', '{c}', '{d}', '{e}', now() - interval '1 hour')
          """)
      let lane = try scene.lane(["OUTBOX_OLDEST": "60s"])
      try lane.awaitSentence("takes nothing in: the outbox holds events that are 36")
      let before = lane.said("tries again")
      try scene.publish(Scene.notes(0..<3))
      // Longer than the second between two looks at the outbox.
      try lane.awaitWords("tries again", times: before + 6)
      #expect(try scene.notes() == [])
      try scene.session.run(script: "delete from outbox")
      try scene.awaitPosition(3)
      try lane.awaitReady()
    }
  }
}
