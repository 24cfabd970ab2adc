import Contract
import Postgres
import Seeding
import TestKit
import Testing
import Topics
import Values

@testable import track_calls

/// Agents who talk in two calls at once.
@Suite struct OverlapTests {
  private static let overlaps: Statement = """
    select concat_ws('|', call_id, other_id, agent, extract(epoch from until - since)::int) from call_overlap order by 1
    """
  private static let flagged: Statement =
    "select id from call_seen where 'agent-in-two-calls' = any(flags) order by id"

  private static let day: [CallEvents] =
    conversation(0, call: "1") + conversation(30, call: "2", from: "13812345679")
    // After it, by clocks that have seconds only; another agent's; one that holds the first meanwhile.
    + conversation(60, call: "3") + conversation(20, call: "4", agent: "P2")
    + [told(.held, 90, call: "2", agent: "8001"), told(.resumed, 93, call: "2", agent: "8001")]

  @Test("both calls keep it, whatever the order in which they are told and compared")
  func anyOrder() async throws {
    let expected = Shared()
    try await CallDesk.open { desk in
      try desk.take(Self.day)
      try desk.markOverlaps()
      expected.lines = try desk.lines(Self.overlaps)
      #expect(expected.lines == ["1|2|8001|30", "2|1|8001|30", "2|3|8001|26", "3|2|8001|26"])
      #expect(try desk.lines(Self.flagged) == ["1", "2", "3"])
      let shown = try desk.lines("select concat_ws('|', agent, call, other_call) from agent_in_two_calls order by 1")
      #expect(shown == ["8001|1|2", "8001|2|3"])
    }
    for stream in 0..<4 {
      try await CallDesk.open { desk in
        var random = Seeded(stream)
        var told = Self.day + Self.day.prefix(4)
        told.shuffle(using: &random)
        while !told.isEmpty {
          let count = min(told.count, Int.random(in: 1...5, using: &random))
          try desk.take(Array(told.prefix(count)))
          told.removeFirst(count)
          if Bool.random(using: &random) { try desk.markOverlaps() }
        }
        try desk.markOverlaps()
        #expect(try desk.lines(Self.overlaps) == expected.lines, "seed \(Seeded.seed), stream \(stream)")
        #expect(try desk.markOverlaps() == [], "seed \(Seeded.seed), stream \(stream)")
      }
    }
  }

  @Test("what late events show to have been otherwise is taken back")
  func takenBack() async throws {
    try await CallDesk.open { desk in
      try desk.take(conversation(0, call: "1"))
      try desk.take(conversation(30, call: "2", from: "13812345679"))
      try desk.markOverlaps()
      #expect(try desk.lines(Self.flagged) == ["1", "2"])
      try desk.take([told(.held, 33, call: "1", agent: "8001")])
      #expect(try desk.markOverlaps() == ["compared"])
      #expect(try desk.lines(Self.flagged) == [])
      let left = try desk.lines("select count(*)::text from call_overlap")
      #expect(left == ["0"])
    }
  }

  @Test("linked calls are one conversation, whichever names which", arguments: ["one", "other", "third"])
  func linked(how: String) async throws {
    try await CallDesk.open { desk in
      var first = conversation(0, call: "1")
      var second = conversation(30, call: "2", from: "13812345679")
      if how == "one" || how == "third" { second[0] = Self.linking(second[0], to: how == "one" ? "1" : "0") }
      if how == "other" || how == "third" { first[0] = Self.linking(first[0], to: how == "other" ? "2" : "0") }
      try desk.take(Array(second[1...]) + Array(first[1...]))
      try desk.markOverlaps()
      #expect(try desk.lines(Self.flagged) == ["1", "2"])
      // That they are linked is told last.
      try desk.take([second[0], first[0]])
      try desk.markOverlaps()
      #expect(try desk.lines(Self.flagged) == [])
    }
  }

  @Test("clocks that have only seconds make no two calls of two that follow each other")
  func second() async throws {
    try await CallDesk.open { desk in
      try desk.take(conversation(0, call: "1") + conversation(59, call: "2", from: "13812345679"))
      try desk.markOverlaps()
      #expect(try desk.lines(Self.flagged) == [])
    }
  }

  @Test("a use of an id that turns out to be none leaves no talk")
  func gone() async throws {
    try await CallDesk.open { desk in
      let uses: Statement = "select distinct use::text from call_talk order by 1"
      try desk.take([
        inbound(0), told(.answered, 5, agent: "8001"), inbound(4000), told(.answered, 4005, agent: "P2"),
        told(.ended, 4020),
      ])
      try desk.markOverlaps()
      #expect(try desk.lines(uses) == ["2"])
      try desk.take([told(.rang, 2000, agent: "P2")])
      try desk.markOverlaps()
      #expect(try desk.lines(uses) == ["1"])
    }
  }

  @Test("one at a time compares: another finds nothing to do")
  func turns() async throws {
    try await CallDesk.open { desk in
      try desk.take(conversation(0))
      let other = try desk.database.connect()
      _ = try other.rows("begin")
      _ = try other.rows("select from call_talk_turn for update")
      #expect(try desk.markOverlaps() == [])
      _ = try other.rows("rollback")
      #expect(try desk.markOverlaps() == ["compared"])
    }
  }

  private static func linking(_ event: CallEvents, to other: String) -> CallEvents {
    guard case .call(var call) = event else { return event }
    call.linked = other
    return .call(call)
  }
}
