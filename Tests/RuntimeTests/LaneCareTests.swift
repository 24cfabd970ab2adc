import Testing

@testable import Runtime

/// What a lane does about events that end the process, and about sources that send mostly garbage.
@Suite struct LaneCareTests {
  // MARK: Crashes

  @Test("after three starts without progress each event is written down before it is tried")
  func careful() async throws {
    try await Scene.play { scene in
      let name = scene.database.name
      try scene.publish(Scene.notes(0..<2) + [Scene.event("a", #"{"key": "k", "amount": 7, "gate": "\#(name)"}"#)])
      try scene.havePosition("starts = 2")
      let lane = try scene.lane()
      try Gate.named(name).awaitArrival()
      let row = try scene.text(
        "select format('%s %s %s %s', next_offset, trying_offset, tries, starts) from position")
      #expect(row == "2 2 1 0")
      #expect(lane.said("going event by event") == 1)
      Gate.named(name).open()
      try scene.awaitPosition(3)
      #expect(try scene.text("select format('%s %s', trying_offset, tries) from position") == " 0")
      #expect(try scene.notes() == [0, 1, 7])
    }
  }

  @Test("two starts without progress are not yet careful")
  func notYetCareful() async throws {
    try await Scene.play { scene in
      try scene.havePosition("starts = 1")
      let lane = try scene.lane()
      try lane.awaitReady()
      #expect(try scene.number("select careful_until from position") == 0)
      #expect(try scene.number("select starts from position") == 2)
      lane.end()
      #expect(try scene.number("select starts from position") == 1, "an orderly end is no start that failed")
    }
  }

  @Test("an event that has ended three starts is dead-lettered as crashed by the fourth, its neighbours are applied")
  func crashed() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<4))
      try scene.havePosition("next_offset = 1, highest_offset = 1, starts = 5, trying_offset = 1, tries = 3")
      let lane = try scene.lane()
      try scene.awaitPosition(4)
      lane.end()
      #expect(try scene.deadLetters() == ["1 - crashed"])
      #expect(try scene.notes() == [2, 3])
      #expect(try scene.number("select count(*) from seen_event") == 2, "the crashed one may be sent again")
    }
  }

  @Test("the third try is still a try")
  func thirdTry() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      try scene.havePosition("starts = 4, trying_offset = 0, tries = 2")
      let lane = try scene.lane()
      try scene.awaitPosition(1)
      lane.end()
      #expect(try scene.notes() == [0])
    }
  }

  @Test("an interruption is not an attempt: neither a failure that passes nor an orderly end counts as a crash")
  func interrupted() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      try scene.havePosition("starts = 4, trying_offset = 0, tries = 1")
      try scene.session.run(script: "begin; lock table note in access exclusive mode")
      let lane = try scene.lane(["DATABASE_PATIENCE": "500ms"])
      try lane.awaitWords("the lane waits and tries again", times: 3)
      #expect(try scene.number("select tries from position") == 2)
      lane.end()
      #expect(try scene.number("select tries from position") == 1)
      try scene.session.run(script: "rollback")
    }
  }

  // MARK: Garbage

  @Test("a source that sends mostly garbage is stopped before it fills the dead letters; resume lets so many more pass")
  func garbage() async throws {
    try await Scene.play { scene in
      let bad = (0..<520).map { Scene.event("bad\($0)", "{", source: "/garbage") }
      try scene.publish(bad + Scene.notes(0..<3))
      let lane = try scene.lane(["BATCH_EVENTS": "100"])
      let sentence = try lane.awaitSentence("more than 50 % of what /garbage sends to test.noted/0 is refused")
      #expect(sentence.contains("millrace lanes resume test-noted test.noted/0 --accept 1000"))
      #expect(try scene.position() == 499)
      #expect(try scene.number("select count(*) from dead_letter") == 499)

      try scene.liftStop("accept = 10")
      try scene.session.waitUntil("the second stop") { try scene.position() == 509 }
      #expect(try scene.number("select count(*) from dead_letter") == 509)
      try scene.session.waitUntil("the stop") { try scene.text("select stopped_rule from position") == "garbage" }

      try scene.liftStop("accept = 1000")
      try scene.awaitPosition(523)
      #expect(try scene.notes() == [0, 1, 2])
      #expect(try scene.number("select accept from position") == 1000 - 11)
    }
  }

  @Test("garbage of one source is not laid to another's charge")
  func garbageOfAnother() async throws {
    try await Scene.play { scene in
      let bad = (0..<400).map { Scene.event("bad\($0)", "{", source: "/a") }
      let alsoBad = (0..<400).map { Scene.event("bad\($0)", "{", source: "/b") }
      try scene.publish(bad + alsoBad)
      let lane = try scene.lane()
      try scene.awaitPosition(800)
      #expect(try scene.text("select stopped_rule from position") == nil)
      #expect(try scene.text("select string_agg(source || refused, ' ' order by source) from intake") == "/a400 /b400")
      try lane.awaitReady()
    }
  }
}
