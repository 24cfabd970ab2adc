import Testing

@testable import Runtime

/// How a lane comes to a partition, and when it refuses to read on.
@Suite struct LaneStartTests {
  @Test("a partition that nobody has read begins at the log's start")
  func fromTheStart() async throws {
    try await Scene.play { scene in
      // The mock keeps 5 MB: the log's start moves away from 0.
      try scene.fillBeyondRetention()
      let lane = try scene.lane(["BATCH_EVENTS": "1"])
      try scene.session.waitUntil("a dead letter") { try scene.deadLetters().count > 0 }
      lane.end()
      #expect(try scene.number(#"select min("offset") from dead_letter"#) > 0)
      #expect(try scene.text("select stopped_rule from position") == nil)
    }
  }

  @Test("Kafka's own group offset starts nothing: a database without the position it was told was restored")
  func groupOffset() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let first = try scene.lane()
      try scene.awaitPosition(3)
      first.end()
      #expect(try scene.toldToKafka() == 3)
      try scene.session.run(script: "truncate position, seen_event, note")
      try scene.publish(Scene.notes(3..<5))
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("was restored from a backup")
      #expect(sentence.contains("millrace recover"))
      #expect(try scene.text("select stopped_rule from position") == "restored")
      #expect(try scene.position() == 0)
      #expect(try scene.notes() == [])

      // Resuming is not enough: the database itself is not to be trusted.
      try scene.liftStop()
      try lane.awaitWords("the lane waits and tries again", times: 3)
      try lane.awaitSentence("everything stands still")
      #expect(try scene.notes() == [])

      try scene.recover(told: 3)
      try scene.awaitPosition(5)
      #expect(try scene.notes() == [0, 1, 2, 3, 4])
      try lane.awaitReady()
    }
  }

  @Test("a database that was set back is noticed by what Kafka was told, and repeats nothing after a reset")
  func restored() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<2))
      let lane = try scene.lane()
      try scene.awaitPosition(2)
      try scene.session.run(script: "create table backup as table seen_event")
      try scene.publish(Scene.notes(2..<5))
      try scene.awaitPosition(5)
      lane.end()
      #expect(try scene.toldToKafka() == 5)
      try scene.session.run(
        script: """
          delete from note where amount > 1;
          delete from seen_event where identity not in (select identity from backup);
          update position set next_offset = 2, highest_offset = 2, last_offset = null, last_checksum = null
          """)
      let heir = try scene.lane()
      try heir.awaitSentence("Kafka was told position 5 of test.noted/0 by test-noted, this database knows 2")
      try scene.recover(told: 5)
      try scene.awaitPosition(5)
      heir.end()
      #expect(try scene.notes().sorted() == [0, 1, 2, 3, 4])
    }
  }

  @Test("a topic that ends before what was applied was cut: it stops with the way on")
  func beyondEnd() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<2))
      try scene.havePosition(
        "next_offset = 40, highest_offset = 40, last_offset = 39, last_time = 1, last_checksum = 1")
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("events up to 40 were applied")
      #expect(sentence.contains("it ends at offset 2"))
      #expect(sentence.contains("millrace positions reset test-noted test.noted/0 --to start --execute"))
      #expect(try scene.text("select stopped_rule from position") == "beyond-end")
      #expect(try scene.position() == 40)
    }
  }

  @Test("a topic that lost exactly its last record was cut as well")
  func lostTheLast() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<2))
      try scene.havePosition("next_offset = 3, highest_offset = 3, last_offset = 2, last_time = 1, last_checksum = 1")
      let lane = try scene.lane()
      try lane.awaitSentence("it ends at offset 2, but events up to 3 were applied")
      #expect(try scene.notes() == [])
    }
  }

  @Test("a topic whose last applied record is another one was re-created: it stops, its neighbour goes on")
  func recreated() async throws {
    try await Scene.play(partitions: 2) { scene in
      try scene.publish(Scene.notes(0..<30))
      try scene.havePosition("next_offset = 2, highest_offset = 2, last_offset = 1, last_time = 1, last_checksum = 1")
      // More records of the stopped partition than a batch takes must not be in the other one's way.
      let lane = try scene.lane(["BATCH_EVENTS": "5"])
      let sentence = try lane.awaitSentence("the record at offset 1 is not the one that was applied")
      #expect(sentence.contains("millrace positions reset test-noted test.noted/0 --to start --execute"))
      try scene.publish(Scene.notes(100..<103, partition: 1))
      try scene.session.waitUntil("the neighbour") { try scene.notes() == [100, 101, 102] }
      #expect(try scene.text("select stopped_rule from position where partition = 0") == "recreated")
      #expect(try scene.position() == 2)
      #expect(lane.status.sentences(quietAfter: .seconds(60)).count == 1)

      // As `millrace positions reset --to start` does.
      try scene.liftStop("next_offset = 0, last_offset = null, last_time = null, last_checksum = null")
      try scene.awaitPosition(30)
      #expect(try scene.notes().count == 33)
      try lane.awaitReady()
    }
  }

  @Test("a record that came at another time is another record")
  func otherTime() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let first = try scene.lane()
      try scene.awaitPosition(3)
      first.end()
      try scene.session.run(script: "update position set last_time = last_time + 1")
      let second = try scene.lane()
      try second.awaitSentence("is not the one that was applied")
    }
  }

  @Test("events that were deleted unread are never passed over in silence")
  func deletedUnread() async throws {
    try await Scene.play { scene in
      try scene.fillBeyondRetention()
      try scene.havePosition("next_offset = 1, highest_offset = 1")
      let lane = try scene.lane()
      let sentence = try lane.awaitSentence("were deleted before they were read")
      #expect(sentence.contains("events 1 to"))
      #expect(sentence.contains("millrace positions reset test-noted test.noted/0 --to"))
      #expect(try scene.text("select stopped_rule from position") == "deleted-unread")
      #expect(try scene.number("select count(*) from dead_letter") == 0)
    }
  }

  @Test("a stopped partition stays stopped over a restart, with the same sentence, until its row is cleared")
  func staysStopped() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<2))
      try scene.havePosition("stopped_rule = 'failed', stopped_detail = 'stopped: by a test', stopped_at = now()")
      let first = try scene.lane()
      try first.awaitSentence("stopped: by a test")
      first.end()
      let second = try scene.lane()
      try second.awaitSentence("stopped: by a test")
      #expect(try scene.notes() == [])
      try scene.liftStop()
      try scene.awaitPosition(2)
      try second.awaitReady()
    }
  }

  @Test("retention may take the last applied record: what follows is read without a stop")
  func lastIsGone() async throws {
    try await Scene.play { scene in
      try scene.fillBeyondRetention()
      let lane = try scene.lane(["BATCH_EVENTS": "1"])
      try scene.session.waitUntil("a dead letter") { try scene.deadLetters().count > 0 }
      lane.end()
      let low = try scene.number(#"select min("offset") from dead_letter"#)
      // The last record that was applied lies right before what the log still has.
      try scene.session.run(
        script: """
          delete from dead_letter;
          update position set next_offset = \(low), last_offset = \(low - 1), last_time = 1, last_checksum = 1
          """)
      let heir = try scene.lane(["BATCH_EVENTS": "1"])
      try scene.session.waitUntil("to go on") { try scene.position() > low }
      #expect(try scene.text("select stopped_rule from position") == nil)
      heir.end()
    }
  }
}

extension Scene {
  /// Writes so much that the log does not begin at 0 any more. The values are refused: too large.
  func fillBeyondRetention() throws {
    let value = String(repeating: "a", count: 910_000)
    for _ in 0..<8 { try publish(Made(value: value)) }
  }

  /// A row for partition 0 as an earlier lane would have left it.
  func havePosition(_ settings: String) throws {
    try session.run(
      script: """
        insert into position (worker, topic, partition) values ('test-noted', 'test.noted', 0);
        update position set \(settings)
        """)
  }

  /// As `millrace lanes resume` does; with `more` as `millrace positions reset`.
  /// As `millrace recover --execute` does.
  func recover(told offset: Int64) throws {
    _ = try session.rows("select recover_database('{test-noted}', '{test.noted}', '{0}', array[$1::bigint])") {
      $0.integer(offset)
    }
  }

  func liftStop(_ more: String = "accept = accept") throws {
    try session.run(
      script: """
        update position set stopped_rule = null, stopped_detail = null, stopped_at = null, \(more) where partition = 0
        """)
  }
}
