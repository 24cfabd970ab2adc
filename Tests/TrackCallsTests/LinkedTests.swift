import Contract
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import track_calls

/// Callers who are passed on from call to call.
@Suite struct LinkedTests {
  private static func inbound(_ at: Double, call: String, queue: String?, linked: String?) -> CallEvents {
    told(.started, at, call: call) {
      $0.direction = .inbound
      $0.from = "13812345678"
      $0.queue = queue
      $0.linked = linked
    }
  }

  /// In sales, then in support as a call that names it, then in claims as one that names that.
  private static let chain: [[CallEvents]] = [
    [inbound(0, call: "a", queue: "sales", linked: nil), told(.ended, 20, call: "a") { $0.by = .system }],
    [inbound(21, call: "b", queue: nil, linked: "a"), told(.ended, 30, call: "b") { $0.by = .system }],
    [inbound(31, call: "c", queue: "support", linked: "b"), told(.ended, 60, call: "c")],
    [inbound(200, call: "d", queue: "support", linked: nil), told(.ended, 220, call: "d")],
  ]

  private static let figures: Statement = """
    select concat_ws('|', queue, sum(offered), sum(callers)) from queue_figures(now() - interval '3 hours', now())
    group by queue order by queue
    """

  @Test(
    "a caller who is passed on is offered to each queue, and is a caller of the first one", arguments: [true, false])
  func callers(inOrder: Bool) async throws {
    try await CallDesk.open { desk in
      try desk.take(inOrder ? Self.chain : Self.chain.reversed())
      #expect(try desk.lines(Self.figures) == ["sales|1|1", "support|2|1"])
      for call in ["a", "b", "c"] {
        let family = try desk.session.rows("select string_agg(id, ',' order by id) from call_family($1, 1)") {
          $0.text(call)
        }
        #expect(family[0].text(0) == "a,b,c")
      }
    }
  }

  @Test("calls that name one that was never told of belong together; the id of a call of another day is another's")
  func unknown() async throws {
    try await CallDesk.open { desk in
      try desk.take([
        Self.inbound(0, call: "b", queue: "sales", linked: "x"),
        Self.inbound(5, call: "c", queue: "support", linked: "x"),
        Self.inbound(-86_400, call: "x", queue: "sales", linked: nil),
      ])
      #expect(try desk.lines(Self.figures) == ["sales|1|1", "support|1|0"])
      let family = try desk.lines("select string_agg(id, ',' order by id) from call_family('c', 1)")
      #expect(family == ["b,c"])
    }
  }

  @Test("who came from another queue of one call is no caller of the second")
  func within() async throws {
    try await CallDesk.open { desk in
      try desk.take([
        Self.inbound(0, call: "a", queue: "sales", linked: nil), told(.answered, 5, call: "a", agent: "8001"),
        told(.transferred, 30, call: "a", agent: "8001") { $0.toQueue = "support" },
        told(.answered, 40, call: "a", agent: "P2"), told(.ended, 90, call: "a"),
      ])
      #expect(try desk.lines(Self.figures) == ["sales|1|1", "support|1|0"])
    }
  }

  @Test("somebody who was passed on in vain is called back once, for the last call", arguments: [true, false])
  func callBacks(inOrder: Bool) async throws {
    try await CallDesk.open { desk in
      let told = [Self.chain[0], Self.chain[2].map { Self.naming("a", $0) }]
      try desk.take(inOrder ? told : told.reversed())
      #expect(try desk.tendCallBacks().sorted() == ["raised", "settled"])
      let state = try desk.lines("select concat_ws('|', call_id, state, settled_for) from call_back order by 1")
      #expect(state == ["a|settled|passed-on", "c|raised"])
    }
  }

  @Test("a call-back that was raised is taken back when the call is told to which the caller was passed on")
  func late() async throws {
    try await CallDesk.open { desk in
      try desk.take(Self.chain[0])
      #expect(try desk.tendCallBacks() == ["raised"])
      try desk.take([Self.naming("a", Self.chain[2][0])])
      #expect(try desk.tendCallBacks() == ["settled"])
      let state = try desk.lines("select concat_ws('|', key, state, settled_for) from reminder")
      #expect(state == ["call/a|cancelled|passed-on"])
    }
  }

  private static func naming(_ other: String, _ event: CallEvents) -> CallEvents {
    guard case .call(var call) = event else { return event }
    if call.what == .started { call.linked = other }
    return .call(call)
  }
}
