import Contract
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import track_calls

/// Ids that a telephone system uses again after a restart.
@Suite struct UseTests {
  private static let rows: Statement = """
    select concat_ws('|', id, use, phone, lead_id, outcome, contact, call_flags(flags)) from call order by id, use
    """

  /// Missed by P1's lead; hours later, under the same id, a conversation of P2's.
  private static let missed = [inbound(0), told(.rang, 1, agent: "8001"), told(.ended, 30)]
  private static let answered = conversation(5000, from: "13812345679", agent: "P2")

  @Test(
    "each use is a call with its own lead, clock and call-back, whichever is told first", arguments: [true, false])
  func each(inOrder: Bool) async throws {
    try await CallDesk.open { desk in
      try desk.take(inOrder ? [Self.missed, Self.answered] : [Self.answered, Self.missed])
      let rows = try desk.lines(Self.rows)
      #expect(
        rows == ["a|1|8613812345678|1|abandoned|{id-reused}", "a|2|8613812345679|2|answered|contacted|{id-reused}"])
      let clocks = try desk.lines("select concat_ws('|', id, contacted_at is not null) from lead order by id")
      #expect(clocks == ["1|f", "2|t"])
      #expect(try desk.tendCallBacks() == ["raised"])
      let reminders = try desk.lines("select concat_ws('|', key, state, assignee_id) from reminder")
      #expect(reminders == ["call/a|open|1"])
      let moved = try desk.lines("select count(*)::text from lead_history where what = 'contacted'")
      #expect(moved == ["1"])
    }
  }

  @Test("who was missed in a later use is called back under a key of its own, and each is settled by itself")
  func callBacks() async throws {
    try await CallDesk.open { desk in
      try desk.take(Self.missed)
      try desk.take([inbound(5000, from: "13812345679"), told(.ended, 5020)])
      #expect(try desk.tendCallBacks() == ["raised", "raised"])
      try desk.take([told(.answered, 5010, agent: "P2")])
      #expect(try desk.tendCallBacks() == ["settled"])
      let reminders = try desk.lines("select concat_ws('|', key, state) from reminder order by key collate \"C\"")
      #expect(reminders == ["call#2/a|cancelled", "call/a|open"])
    }
  }

  @Test("a use that turns out to be none goes, with its call-back and its figures")
  func gone() async throws {
    try await CallDesk.open { desk in
      // Silent for more than an hour, then a start; a late fact shows that it was not silent.
      try desk.take([inbound(0), told(.answered, 5, agent: "8001"), inbound(4000), told(.ended, 4020)])
      let apart = try desk.lines("select concat_ws('|', use, outcome) from call order by use")
      #expect(apart == ["1|answered", "2|abandoned"])
      #expect(try desk.tendCallBacks() == ["raised"])
      try desk.take([told(.held, 2000, agent: "8001")])
      let joined = try desk.lines("select concat_ws('|', use, outcome, talk_ms, call_flags(flags)) from call")
      #expect(joined == ["1|answered|1995000|{}"])
      let left = try desk.lines("select concat_ws('|', state, settled_for) from reminder")
      #expect(left == ["cancelled|no-call"])
      #expect(try desk.tendCallBacks() == [])
      let offered = try desk.lines("select sum(offered)::text from call_figure where not is_agent")
      #expect(offered == ["1"])
    }
  }

  @Test("the last use of an id is closed where its end never comes, and none before it")
  func closed() async throws {
    try await CallDesk.open { desk in
      try desk.take(Self.missed + [inbound(5000), told(.answered, 5010, agent: "P2"), told(.held, 5030)])
      try desk.session.run(
        script: """
          update call set opened_at = now() - interval '5 hours', last_at = last_at - interval '1 day';
          update firm_policy set close_calls_minutes = 60
          """)
      #expect(try desk.closeCalls() == ["closed-by-rule"])
      let closed = try desk.lines("select concat_ws('|', use, outcome, call_flags(flags)) from call order by use")
      #expect(closed == ["1|abandoned|{id-reused}", "2|answered|{id-reused,closed-by-rule}"])
      try desk.take([told(.ended, 5040)])
      let ended = try desk.lines("select concat_ws('|', use, hold_ms, call_flags(flags)) from call order by use")
      #expect(ended == ["1|0|{id-reused}", "2|10000|{id-reused}"])
    }
  }

  @Test("what was kept in one row before uses had rows is taken apart by the next fact")
  func takenApart() async throws {
    try await CallDesk.open { desk in
      try desk.take(Self.missed + Self.answered)
      try desk.session.run(
        script: """
          update call set facts = (select string_agg(facts, E'\n' order by use) from call) where use = 1;
          delete from call where use = 2
          """)
      try desk.take([told(.disposed, 5100, agent: "P2")])
      let rows = try desk.lines(
        "select concat_ws('|', use, phone, array_length(string_to_array(facts, E'\n'), 1)) from call order by use")
      #expect(rows == ["1|8613812345678|3", "2|8613812345679|5"])
    }
  }
}
