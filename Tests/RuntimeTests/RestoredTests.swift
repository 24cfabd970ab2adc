import Postgres
import Testing

@testable import Runtime

/// What workers do with a database that is an older one of itself.
@Suite struct RestoredTests {
  @Test(
    "a database in another place than the one that workers knew lets nothing go on until it is recovered",
    arguments: ["system_identifier = 1", "timeline = timeline + 1", "database_oid = 1"])
  func another(_ difference: String) async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<2))
      let first = try scene.lane()
      try scene.awaitPosition(2)
      first.end()
      try scene.session.run(script: "update database_identity set \(difference)")
      try scene.publish(Scene.notes(2..<4))
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("everything stands still: this database was restored, copied or promoted")
      #expect(sentence.contains("millrace recover"))
      try lane.awaitWords("the lane waits and tries again", times: 2)
      #expect(try scene.position() == 2)
      try scene.recover(told: 0)
      try scene.awaitPosition(4)
      try lane.awaitReady()
      #expect(try scene.notes() == [0, 1, 2, 3])
    }
  }

  @Test("the first session makes the database known, later ones of the same database find nothing")
  func known() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      #expect(try scene.number("select count(*) from database_identity") == 1)
      #expect(try scene.text("select database_change()") == nil)
      #expect(try scene.text("select database_obstacle()") == nil)
    }
  }

  @Test("a suspicion stops lanes and sweeps that run")
  func suspicion() async throws {
    try await Scene.play { scene in
      try scene.session.run(script: DueSweep.tables)
      let sweep = try scene.sweep(DueSweep.self)
      let lane = try scene.lane()
      try sweep.awaitReady()
      try lane.awaitReady()
      _ = try scene.session.rows("select suspect_restored('Kafka was told more')")
      try lane.awaitSentence("restored, copied or promoted: Kafka was told more")
      try sweep.awaitSentence("restored, copied or promoted: Kafka was told more")
      try scene.publish(Scene.notes(0..<2))
      #expect(try scene.number("select count(*) from note") == 0)
      try scene.recover(told: 0)
      try scene.awaitPosition(2)
      try sweep.awaitReady()
    }
  }

  @Test("numbers drawn after a recovery are above all that were, in every sequence")
  func numbers() async throws {
    try await Scene.play { scene in
      try scene.recover(told: 0)
      let beginning = Int64(1) << 36
      let low = try scene.number(
        """
        select count(*) from pg_sequences
        where schemaname = 'millrace' and data_type = 'bigint'::regtype and coalesce(last_value, 0) < (1::bigint << 36)
        """)
      #expect(low == 0)
      #expect(try scene.number("select run from relay") == beginning)
      try scene.recover(told: 0)
      #expect(try scene.number("select nextval('lead_block')") == 2 * beginning + 1)
      #expect(try scene.number("select count(*) from lost_run") == 2)
      try scene.session.run(script: "select setval('lead_block', (2::bigint << 36) + (3::bigint << 35))")
      try scene.recover(told: 0)
      #expect(
        try scene.number("select nextval('lead_block')") == 5 * beginning + 1, "an epoch that is used up is left out")
    }
  }

  @Test("what a sweep emitted under a suspicion gets a new number, in order; what was there before keeps its own")
  func renumbered() async throws {
    try await Scene.play { scene in
      try scene.session.run(
        script: """
          insert into outbox (topic, source, types, keys, payloads, emitted_at) values
            ('t', '/before', '{x}', '{k}', '{a}', pg_postmaster_start_time() - interval '1 second'),
            ('t', '/after-1', '{x}', '{k}', '{a}', clock_timestamp()),
            ('t', '/after-2', '{x}', '{k}', '{a}', clock_timestamp());
          """)
      _ = try scene.session.rows("select suspect_restored('Kafka was told more')")
      try scene.recover(told: 0)
      let rows = try scene.session.rows("select source, id > (1::bigint << 36) from outbox order by id")
      #expect(rows.map { "\($0.text(0)) \($0.boolean(1))" } == ["/before false", "/after-1 true", "/after-2 true"])
    }
  }

  @Test("a finding that a recovery has settled meanwhile raises no suspicion")
  func settledFinding() async throws {
    try await Scene.play { scene in
      try scene.havePosition("next_offset = 2, highest_offset = 2")
      let find: Statement = "select suspect_restored('told 5', 'test-noted', 'test.noted', 0, 5)"
      let suspicions: Statement = "select count(*) from database_identity where suspicion is not null"
      try scene.recover(told: 5)
      _ = try scene.session.rows(find)
      #expect(try scene.number(suspicions) == 0)
      try scene.session.run(script: "update position set highest_offset = 4")
      _ = try scene.session.rows(find)
      #expect(try scene.number(suspicions) == 1)
    }
  }

  @Test("what the relay published in the lost time is left out, what it published before and publishes since is taken")
  func lostRuns() async throws {
    @Sendable func echo(_ run: Int, _ number: Int) -> Scene.Made {
      let headers = [
        ("ce_specversion", "1.0"), ("ce_type", "test.echo"), ("ce_source", "/millrace/x"), ("ce_id", "\(number)"),
        ("millrace_run", "\(run)"), ("millrace_index", "0"),
      ]
      return Scene.Made(
        key: "k", value: #"{"key": "k", "number": \#(number)}"#, headers: headers.map { ($0.0, Array($0.1.utf8)) })
    }
    try await Scene.play { scene in
      try scene.session.run(script: "update relay set run = 7; select recover_database('{}', '{}', '{}', '{}')")
      let now = (1 << 36) + 1
      try scene.publish(
        [echo(6, 60), echo(7, 70), echo(8, 80), echo(900, 90), echo(7, 71), echo(now, 100)], on: Echo.topic.name)
      let lane = try scene.lane(of: EchoWorker.self)
      try scene.awaitPosition(6)
      lane.end()
      #expect(try scene.notes() == [60, 70, 100])
    }
  }
}
