import Contract
import Postgres
import Seeding
import TestKit
import Testing
import Topics
import Values

@testable import track_calls

@Suite struct CallRowTests {
  /// All that a call's row says, but when it was first written and how often.
  private static let row: Statement = """
    select concat_ws('|', id, use, facts, direction, queue, queue_at, agent, phone, linked, lead_id, customer_id, customer_ids, started_at,
      answered_at, ended_at, last_at, ring_ms, wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, disposition, flags,
      contact) from call order by id, use
    """
  private static let figures: Statement = """
    select concat_ws('|', is_agent, name, quarter, offered, passed_in, answered, abandoned, missed, transferred, answer_time, talk_time,
      hold_time, wrap_up_time, array_to_string(answered_after, ',')::text, array_to_string(abandoned_after, ',')) from call_figure
    where offered <> 0 or talk_time <> 0 or hold_time <> 0 or wrap_up_time <> 0 order by 1
    """

  private static let day: [CallEvents] =
    conversation(0, call: "1") + [told(.disposed, 90, call: "1", agent: "8001") { $0.disposition = "interested" }]
    + [
      inbound(10, call: "2"), told(.rang, 11, call: "2", agent: "P2"), told(.missed, 26, call: "2", agent: "P2"),
      told(.ended, 30, call: "2"),
    ]
    + [
      outbound(100, call: "3"), told(.answered, 110, call: "3", agent: "8001"), told(.held, 130, call: "3"),
      told(.resumed, 140, call: "3"), told(.ended, 200, call: "3") { $0.by = .agent }, told(.ended, 201, call: "3"),
    ]
    + [
      inbound(20, call: "4"), told(.answered, 40, call: "4", agent: "P2"),
      told(.transferred, 60, call: "4", agent: "P2") { $0.toQueue = "support" },
      told(.answered, 75, call: "4", agent: "8001"), told(.ended, 300, call: "4"),
    ]
    + conversation(4000, call: "2", from: "13812345679", agent: "P2")

  @Test("whatever the order and however it is cut into batches, rows and figures are those of the ordered stream")
  func anyOrder() async throws {
    let expected = Shared()
    try await CallDesk.open { desk in
      try desk.take(Self.day)
      expected.lines = try desk.lines(Self.row) + desk.lines(Self.figures)
    }
    #expect(expected.lines.count >= 8)
    for stream in 0..<6 {
      try await CallDesk.open { desk in
        var random = Seeded(stream)
        var told = Self.day + Self.day.filter { _ in Bool.random(using: &random) }
        told.shuffle(using: &random)
        while !told.isEmpty {
          let count = min(told.count, Int.random(in: 1...6, using: &random))
          try desk.take(Array(told.prefix(count)))
          told.removeFirst(count)
        }
        let found = try desk.lines(Self.row) + desk.lines(Self.figures)
        #expect(found == expected.lines, "seed \(Seeded.seed), stream \(stream)")
      }
    }
  }

  @Test("a call's row says whose it was and how long it took, and who is not known is not guessed")
  func whose() async throws {
    try await CallDesk.open(
      """
      insert into customer (id, code, version, data, status, changed_at) select n, 'C' || n, 1, gen_random_uuid(), 'active', now()
      from generate_series(1, 3) n;
      insert into customer_phone (phone, customer_id, place) values (8613812345678, 1, 0), (8613900000000, 2, 0),
        (8613900000000, 3, 0);
      """
    ) { desk in
      try desk.take(conversation(0, call: "1"))
      try desk.take(conversation(0, call: "2", from: "+86 139 0000 0000", agent: "stranger"))
      try desk.take(conversation(0, call: "3", from: "anonymous"))
      let lines = try desk.lines(
        """
        select concat_ws('|', id, person, coalesce(phone, '-'), coalesce(lead_id, 0), coalesce(customer, '-'),
          array_to_string(customers, ','), wait_ms, talk_ms, outcome) from call_seen order by id
        """)
      #expect(
        lines == [
          "1|P1|+8613812345678|1|C1||4000|60000|answered", "2|+8613900000000|0|-|C2,C3|4000|60000|answered",
          "3|P1|-|0|-||4000|60000|answered",
        ])
    }
  }

  @Test("what cannot be is refused with its place, and its neighbours are kept")
  func refused() async throws {
    try await CallDesk.open { desk in
      let outcomes = try desk.take([
        inbound(0), told(.answered, 8000 + 600, agent: "8001"), told(.ended, -8_000_000_000), told(.ended, 50),
        .agent(.init("8001", at: moment(9000), .ready)), .agent(.init("8001", at: moment(0), .ready)), inbound(0),
      ])
      #expect(
        outcomes == [
          "kept", "at: in-the-future", "at: implausible-time", "kept", "at: in-the-future", "agent-changed", "repeat",
        ])
      let calls = try desk.lines("select concat_ws('|', id, outcome, wait_ms) from call")
      let states = try desk.lines("select concat_ws('|', agent, state) from agent_state")
      #expect(calls == ["a|abandoned|50000"])
      #expect(states == ["8001|ready"])
      let many = (0..<520).map { told(.rang, Double($0), call: "m", agent: "x") }
      let taken = try desk.take(many)
      #expect(taken.filter { $0 == "kept" }.count == 500)
      #expect(taken.last == "callId: too-many")
    }
  }

  @Test("a row that somebody else has written meanwhile is not overwritten")
  func twins() async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0)])
      #expect(throws: PostgresError.self) {
        try desk.take([told(.ended, 30)]) { () throws(PostgresError) in
          try desk.session.run(script: "update call set version = version + 1")
        }
      }
      try desk.take([told(.ended, 30)])
      let outcome = try desk.lines("select outcome from call")
      #expect(outcome == ["abandoned"])
    }
  }

  @Test("a call whose end never came is closed, says so, and is opened by whatever comes later")
  func closed() async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0), told(.answered, 5, agent: "8001"), told(.held, 35)])
      #expect(try desk.closeCalls() == [])
      try desk.session.run(
        script: """
          update call set opened_at = now() - interval '5 hours';
          update firm_policy set close_calls_minutes = 60
          """)
      #expect(try desk.closeCalls() == ["closed-by-rule"])
      #expect(try desk.closeCalls() == [])
      let closed = try desk.lines("select concat_ws('|', outcome, talk_ms, flags) from call_seen")
      #expect(closed == ["answered|30000|{closed-by-rule}"])
      try desk.take([told(.resumed, 40), told(.ended, 60)])
      let ended = try desk.lines("select concat_ws('|', outcome, talk_ms, hold_ms, flags) from call_seen")
      #expect(ended == ["answered|50000|5000|{}"])
    }
  }

  @Test("figures by quarter of an hour, and what agents were doing meanwhile")
  func figures() async throws {
    try await CallDesk.open { desk in
      try desk.take(
        Self.day + [
          .agent(.init("8001", at: moment(0), .ready)), .agent(.init("8001", at: moment(60), .pause, reason: "lunch")),
          .agent(.init("8001", at: moment(160), .off)),
        ])
      let queues = try desk.lines(
        """
        select concat_ws('|', queue, sum(offered), sum(callers), sum(answered), sum(abandoned), sum(short), sum(transferred),
          sum(answered_in_time), counted_percentile(added_counts(answered_after), 0.95))
        from queue_figures(now() - interval '3 hours', now()) group by queue order by queue
        """)
      #expect(queues == ["sales|4|4|3|1|0|1|3|20", "support|1|0|1|0|0|0|1|15"])
      let agents = try desk.lines(
        """
        select concat_ws('|', agent, max(person), sum(rang), sum(answered), sum(ring_no_answer), sum(talk_seconds),
          sum(hold_seconds), sum(wrap_up_seconds), sum(ready_seconds)::int, sum(break_seconds)::int)
        from agent_quarter group by agent order by agent
        """)
      #expect(agents == ["8001|P1|3|3|0|365|10|26|60|100", "P2|P2|3|2|1|80|0|0"])
    }
  }
}

final class Shared: @unchecked Sendable {
  // Written in one test's turn, read after it.
  var lines: [String] = []
}
