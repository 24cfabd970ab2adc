import Contract
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import track_calls

@Suite struct LeadAndCallBackTests {
  private static let lead: Statement = """
    select concat_ws('|', version, protected_until > now() + interval '3 days', contacted_at is not null,
      (select count(*) from lead_history h where h.lead_id = l.id and h.what = 'contacted')) from lead l where id = 1
    """

  @Test("a conversation with its owner runs a lead's clock, once, however often and in whatever pieces it is told")
  func clock() async throws {
    try await CallDesk.open(
      "select raise_reminders('test', '{k}', '{protection-ends}', '{lead}', '{1}', '{1}', '{null}', array[now()], '{normal}', '{x}');"
    ) { desk in
      let events = conversation(0)
      try desk.take([[events[3]], [events[2]]])
      let before = try desk.lines(Self.lead)
      #expect(before == ["1|f|f|0"])
      try desk.take([[events[0]], [events[1]], events, [told(.disposed, 90, agent: "8001")], [told(.ended, 70)]])
      let after = try desk.lines(Self.lead)
      #expect(after == ["2|t|t|1"])
      #expect(desk.emitted.map(\.type) == ["lead.extended"])
      let calls = try desk.lines("select contact from call")
      #expect(calls == ["contacted"])
      let reminders = try desk.lines("select concat_ws('|', key, state, settled_for) from reminder")
      #expect(reminders == ["k|cancelled|contacted"])
    }
  }

  @Test("a conversation does what its agent has to do about that customer or lead, once, and nothing of anybody else")
  func tasks() async throws {
    try await CallDesk.open(
      """
      insert into customer (id, code, version, data, status, name, manager_id, changed_at)
      select n, 'C-' || n, 1, gen_random_uuid(), 'active', 'N', 1, now() from generate_series(1, 3) n;
      insert into customer_phone (phone, customer_id, place, kind)
      values (8613812345678, 1, 0, 'mobile'), (8613812345679, 2, 0, 'mobile'), (8613812345679, 3, 0, 'mobile');
      insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script,
        made_at, due_at)
      select c, n, 0, 'c', 't', case when c = 4 then 'lead' else 'customer' end, n::text, case when c = 3 then 2 else 1 end, 'x', 2, 's',
        now() + case when c = 2 then interval '10 minutes' else interval '-1 day' end, now() + interval '1 day'
      from generate_series(1, 4) c, generate_series(1, 3) n;
      """
    ) { desk in
      let tasks: Statement = """
        select concat_ws(' ', campaign_id, subject_kind, subject, outcome, settled_by, version) from task where state = 'done' order by 1
        """
      // The phone is both a customer's and a lead's; the task of the second campaign is younger than the call.
      try desk.take([[conversation(0)[0]], conversation(0), [told(.disposed, 90, agent: "8001")]])
      #expect(try desk.lines(tasks) == ["1 customer 1 contacted P1 2", "4 lead 1 contacted P1 2"])
      // Done when they talked, and not when it was told; the service log is told of it.
      #expect(
        try desk.lines(
          "select distinct (settled_at = (select answered_at from call))::text from task where state = 'done'") == [
            "true"
          ])
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', a.subject_kind, a.subject, a.by_id, a.authority, a.outcome) from service_action a
          join task t on a.detail = format('task %s of the campaign c', t.id) and a.at = t.settled_at where a.what = 'task-done' order by 1
          """) == ["customer 1 1 contact contacted", "lead 1 1 contact contacted"])
      // Two customers have the other one: which of them it was nobody knows.
      try desk.take([conversation(100, call: "2", from: "13812345679"), conversation(200, call: "3", agent: "P2")])
      let done = [
        "1 customer 1 contacted P1 2", "3 customer 1 contacted P2 2", "4 lead 1 contacted P1 2",
        "4 lead 2 contacted P1 2",
      ]
      #expect(try desk.lines(tasks) == done)
      // Another call with somebody about whom everything is done already.
      try desk.take([conversation(300, call: "4")])
      #expect(try desk.lines(tasks) == done)
      #expect(try desk.lines("select count(*)::text from service_action where what = 'task-done'") == ["4"])
    }
  }

  @Test("what is no conversation, or not with the owner, or not in their time, moves no clock")
  func noClock() async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0, call: "1"), told(.answered, 4, call: "1", agent: "8001"), told(.ended, 13, call: "1")])
      try desk.take([
        inbound(0, call: "2"), told(.answered, 4, call: "2") { $0.automatic = true }, told(.ended, 90, call: "2"),
      ])
      try desk.take(conversation(0, call: "3", agent: "P2"))
      try desk.take(conversation(-3 * 86_400, call: "4"))
      try desk.take(conversation(0, call: "5", agent: "stranger"))
      let lead = try desk.lines(Self.lead)
      #expect(lead == ["1|f|f|0"])
      let contacts = try desk.lines("select coalesce(contact, '-') from call order by id")
      #expect(contacts == ["-", "-", "not-the-owner", "before-ownership", "not-an-agent"])
      // In another's hands first, then in the owner's.
      try desk.take([
        told(.transferred, 40, call: "3", agent: "P2") { $0.toAgent = "8001" },
        told(.answered, 45, call: "3", agent: "8001"), told(.ended, 100, call: "3"),
      ])
      let moved = try desk.lines(Self.lead)
      #expect(moved == ["2|t|t|1"])
    }
  }

  @Test("a conversation from before a lead was taken back is told to whoever decides over that")
  func late() async throws {
    try await CallDesk.open { desk in
      try desk.session.run(
        script: """
          update lead set state = 'pooled', owner_id = null, former_owner_id = 1, former_since = protected_since,
            former_until = now() - interval '1 hour', pooled_at = now(), protected_since = null, protected_until = null where id = 1
          """)
      try desk.take(conversation(0))
      try desk.take(conversation(0) + [told(.disposed, 90)])
      let commands = try desk.lines(
        "select concat_ws('|', person_id, what, lead_id, happened_at = (select answered_at from call)) from command")
      #expect(commands == ["1|contacted|1|t"])
      let outbox = try desk.lines("select concat_ws('|', topic, keys[1]) from outbox")
      #expect(outbox == ["lead.activity|1"])
    }
  }

  private static let reminders: Statement = """
    select concat_ws('|', r.key, r.state, p.code, r.urgency, extract(epoch from r.due_at - b.missed_at)::int, r.settled_for,
      r.escalate_at = r.due_at)
    from reminder r join call_back b on r.key = 'call/' || b.call_id left join person p on p.id = r.assignee_id order by r.key
    """

  @Test("whoever was missed is called back by the lead's owner, by the customer's manager, or by the queue's team")
  func missed() async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0, call: "1"), told(.ended, 30, call: "1")])
      try desk.take([inbound(0, call: "2", from: "13900000000"), told(.ended, 30, call: "2")])
      try desk.take([
        inbound(0, call: "3", from: "13900000001", queue: nil), told(.rang, 1, call: "3", agent: "P2"),
        told(.voicemail, 20, call: "3"),
      ])
      // Not to be called back: our own, a machine's, an unknown number's.
      try desk.take([outbound(0, call: "4", to: "13900000002"), told(.ended, 30, call: "4")])
      try desk.take([inbound(0, call: "5", from: "anonymous"), told(.ended, 30, call: "5")])
      #expect(try desk.tendCallBacks() == ["raised", "raised", "raised"])
      #expect(try desk.tendCallBacks() == [])
      let found = try desk.lines(Self.reminders)
      #expect(
        found == [
          "call/1|open|P1|urgent|2700|t", "call/2|open|BOSS|urgent|2700|t", "call/3|open|P2|urgent|1800|t",
        ])
    }
  }

  @Test(
    "a call-back is settled by a conversation either way, by later news, or by the person",
    arguments: ["in", "out", "news", "done"])
  func settled(how: String) async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0), told(.ended, 30)])
      try desk.tendCallBacks()
      // Sooner than the missed call, or too short.
      try desk.take(conversation(-500, call: "x"))
      try desk.take([outbound(100, call: "y"), told(.answered, 110, call: "y"), told(.ended, 115, call: "y")])
      #expect(try desk.tendCallBacks() == [])
      switch how {
      case "in": try desk.take(conversation(600, call: "z", agent: "P2"))
      case "out":
        try desk.take([outbound(600, call: "z"), told(.answered, 610, call: "z"), told(.ended, 630, call: "z")])
      case "news": try desk.take([told(.answered, 20, agent: "8001")])
      default: _ = try desk.session.rows("select settle_reminders('test', array_agg(id), 'done', 'P1') from reminder")
      }
      #expect(try desk.tendCallBacks() == ["settled"])
      #expect(try desk.tendCallBacks() == [])
      let state = try desk.lines("select concat_ws('|', b.state, b.settled_for, r.state) from call_back b, reminder r")
      let expected = [
        "in": "called-back|cancelled", "out": "called-back|cancelled", "news": "answered|cancelled",
        "done": "done|done",
      ]
      #expect(state == ["settled|" + (expected[how] ?? "")])
      try desk.take([inbound(0), told(.ended, 31)])
      let events = try desk.lines("select unnest(types) from outbox")
      #expect(events == ["reminder.raised", "reminder.settled"])
    }
  }

  @Test("nobody is told to call back who was called before anybody could be told, or long ago")
  func inTime() async throws {
    try await CallDesk.open { desk in
      try desk.take([inbound(0, call: "1"), told(.ended, 30, call: "1")])
      try desk.take([inbound(-90_000, call: "2", from: "13900000000"), told(.ended, -89_000, call: "2")])
      try desk.take(conversation(50, call: "3"))
      #expect(try desk.tendCallBacks() == ["settled", "settled"])
      let state = try desk.lines("select concat_ws('|', call_id, settled_for) from call_back order by call_id")
      #expect(state == ["1|called-back", "2|too-old"])
      let reminders = try desk.lines("select count(*)::text from reminder")
      #expect(reminders == ["0"])
    }
  }
}
