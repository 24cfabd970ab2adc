import TestKit
import Testing

@testable import Runtime

/// What a lane does about partitions that are no longer its own: nothing, whoever has them now.
@Suite struct LostPartitionTests {
  @Test("where a batch holds a lost partition beside others, nothing of it is kept; the others go on", arguments: 0..<3)
  func oneOfSeveral(_ lost: Int) async throws {
    try await Scene.play(partitions: 3) { scene in
      let gate = Gate.named(scene.database.name)
      // So long that it does not take the partition back while the test looks.
      let lane = try scene.lane(["KAFKA_SESSION_TIMEOUT_MS": "30000"])
      try lane.awaitReady()
      let first = #"{"key": "k", "amount": 999, "gate": "\#(scene.database.name)"}"#
      try scene.publish(Scene.event("first", first, partition: Int32((lost + 1) % 3)))
      try gate.awaitArrival()
      try scene.session.run(script: "update position set owner = gen_random_uuid() where partition = \(lost)")
      // While the lane is held up all of these come in: the next batch is of every partition.
      for partition in 0..<3 {
        try scene.publish(Scene.notes(partition * 10..<partition * 10 + 10, partition: Int32(partition)))
      }
      gate.open()
      try lane.awaitWords("other lanes have taken partitions")
      let others = (0..<30).filter { $0 / 10 != lost }.map(Int64.init) + [999]
      try scene.session.waitUntil("the others") { try scene.notes().sorted() == others }
      #expect(try scene.number("select count(*) from position where next_offset = 0") == 1)
    }
  }

  @Test("a lane whose position was moved by somebody else commits nothing and starts from the row")
  func moved() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      // As an operator who leaves out two events.
      try scene.session.run(script: "update position set next_offset = 2")
      try scene.publish(Scene.notes(0..<4))
      try scene.awaitPosition(4)
      #expect(lane.said("positions are not as expected") == 1)
      #expect(try scene.notes() == [2, 3])
    }
  }

  @Test("a lane that has lost its partition cannot stop it for the one that has it now")
  func ghostStops() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      // Fails before the positions are compared, in a way that stops a lane.
      try scene.session.run(
        script: "update position set owner = gen_random_uuid(); alter table position rename next_offset to elsewhere")
      try scene.publish(Scene.notes(0..<1))
      try lane.awaitWords("the stop could not be written down")
      #expect(try scene.text("select stopped_rule from position") == nil)
    }
  }

  @Test("a lane that cannot even write down its stop starts from its row again: nothing is skipped")
  func stopFails() async throws {
    try await Scene.play(partitions: 2) { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      try scene.session.run(
        script: """
          alter table position add constraint none check (stopped_rule is null);
          alter table note rename to elsewhere
          """)
      try scene.publish(Scene.notes(0..<3) + Scene.notes(3..<6, partition: 1))
      try lane.awaitWords("the stop could not be written down")
      try scene.session.run(
        script: "alter table elsewhere rename to note; alter table position drop constraint none")
      try scene.session.waitUntil("both partitions") { try scene.notes().sorted() == [0, 1, 2, 3, 4, 5] }
      try lane.awaitReady()
    }
  }

  @Test("who still has a partition from the group after a session timeout takes it back from one that died")
  func takesAgain() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      try scene.session.run(script: "update position set owner = gen_random_uuid()")
      try scene.publish(Scene.notes(0..<3))
      try lane.awaitSentence("waits: another lane has taken 1 of its partitions")
      #expect(try scene.notes() == [])
      try scene.awaitPosition(3)
      #expect(try scene.notes() == [0, 1, 2])
      try lane.awaitReady()
    }
  }

  @Test("a lane whose partition somebody else owns commits nothing and gives nothing back")
  func ghost() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane()
      try lane.awaitReady()
      try scene.session.run(script: "update position set owner = gen_random_uuid()")
      try scene.publish(Scene.notes(0..<4))
      try lane.awaitWords("other lanes have taken partitions")
      lane.end()
      #expect(try scene.notes() == [])
      #expect(try scene.position() == 0)
      #expect(try scene.number("select count(*) from position where owner is not null") == 1, "it is not given back")
    }
  }

  @Test("a lane frozen in its transaction loses its locks to its heir, and commits nothing when it wakes")
  func frozen() async throws {
    try await Scene.play { scene in
      let name = scene.database.name
      try scene.publish(Scene.event("a", #"{"key": "k", "amount": 1, "gate": "\#(name)"}"#))
      let lane = try scene.lane(["DATABASE_PATIENCE": "500ms"])
      try Gate.named(name).awaitArrival()
      // Waits for the frozen owner's lock, which PostgreSQL takes away.
      try scene.session.run(script: "update position set owner = gen_random_uuid(), starts = starts + 1")
      Gate.named(name).open()
      try lane.awaitWords("other lanes have taken partitions")
      lane.end()
      #expect(try scene.notes() == [])
      #expect(try scene.number("select next_offset from position") == 0)
      #expect(try scene.number("select count(*) from seen_event") == 0)
    }
  }
}
