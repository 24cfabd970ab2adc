import Contract
import Customers
import Digest
import Dispatch
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import keep_customers

/// Profiles that turn out to be open leads, in a database, with the worker's own rights.
@Suite struct ConversionTests {
  private static let identity = testKey.fingerprint(of: try! IDNumber("11010519491231002X"))

  /// One lead of each state, all of the same person, and one that is somebody else's.
  private static let firm = """
    insert into branch (id, code, name, level) values (1, 'GZ', 'Guangzhou', 'city'), (2, 'BJ', 'Beijing', 'city');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a'), (2, 'P2', 2, 'b'), (3, 'P3', 2, 'c');
    insert into lead (id, phone, source, state, branch_id, owner_id, held_reason, held_since, protected_since, protected_until,
      check_at, step_due_at, pooled_at, customer_number, version, registered_at)
    select n, n, 'web', state, case when n <> 5 then 1 end, case when state = 'owned' then 1 end,
      case when state = 'held' then 'full' end, case when state = 'held' then now() end,
      case when state = 'owned' then now() end, case when state = 'owned' then now() end,
      case when state = 'owned' then now() end, case when state = 'waiting' then now() end,
      case when state = 'pooled' then now() end, number, 1, now()
    from (values (1, 'owned', 'n'), (2, 'held', 'n'), (3, 'waiting', 'n'), (4, 'pooled', 'n'), (5, 'held', 'n'),
      (6, 'owned', 'other')) l (n, state, number);
    insert into lead_history (lead_id, version, at, what, worker) select id, 1, now(), state, 'test' from lead;
    update branch_load set held = 1 where branch_id = 1;
    update person_load set open_leads = 2 where person_id = 1;
    select raise_reminders('test', array['a', 'b'], array['x', 'x'], array['lead', 'lead'], array['1', '6'], array[1, 1]::bigint[],
      array[null, null]::bigint[], array[now(), now()], array['normal', 'normal'], array[null, null]);
    delete from outbox;
    """

  @Test("leads of every open state are converted once, with clock, reminders, counters and history")
  func states() async throws {
    try await Desk.open(ConversionTests.firm) { desk in
      let lane = try desk.lane()
      let outcomes = try lane.take(
        profile("C1", 1) { ($0.number, $0.branch, $0.manager) = ("n", "BJ", "P2") },
        profile("C1", 2) { ($0.number, $0.branch, $0.manager, $0.name) = ("n", "BJ", "P2", "x") })
      #expect(outcomes == ["kept", "kept"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s %s %s %s', l.id, state, branch_id, owner_id, l.version,
            (select code from customer c where c.id = l.customer_id)) || case when num_nonnulls(held_reason, held_since,
            protected_since, protected_until, check_at, step_due_at, pooled_at) > 0 then ' clock' else '' end
          from lead l order by id
          """) == (1...5).map { "\($0) converted 2 2 2 C1" } + ["6 owned 1 1 1  clock"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s %s %s %s %s %s', lead_id, version, what, branch_id, owner_id, former_owner_id, reason, worker)
          from lead_history where version > 1 order by lead_id
          """) == (1...5).map { "\($0) 2 converted 2 2 \($0 == 1 ? "1" : "") number keep-customers" })
      #expect(try desk.lines("select held::text from branch_load order by branch_id") == ["0", "0"])
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["1", "0", "0"])
      #expect(
        try desk.lines("select key || ' ' || state || coalesce(' ' || settled_for, '') from reminder order by key")
          == ["a cancelled converted", "b open"])
      #expect(lane.emitted.map(\.key) == ["1", "2", "3", "4", "5"])
      #expect(Set(lane.emitted.map(\.type)) == ["lead.converted"])
      #expect(
        String(decoding: lane.emitted[0].payload, as: UTF8.self).contains(
          #""customer":"C1","branch":"BJ","owner":"P2","by":"number""#))
      // Nothing is left to be converted.
      #expect(try lane.take(profile("C2", 1) { $0.number = "n" }) == ["kept"])
      #expect(lane.emitted.count == 5)
    }
  }

  @Test("a closed customer, and one whose key is not new, convert nothing; one who comes back does")
  func notNew() async throws {
    try await Desk.open(ConversionTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(profile("C1", 1) { ($0.number, $0.status) = ("n", .closed) })
      #expect(lane.emitted.isEmpty)
      try lane.take(profile("C1", 2) { ($0.number, $0.status) = ("n", .dormant) })
      #expect(lane.emitted.count == 5)
    }
  }

  @Test("an inactive manager gets nothing: the lead stays with whoever had it")
  func inactiveManager() async throws {
    try await Desk.open(ConversionTests.firm + "update person set active = false where id = 2") { desk in
      try desk.lane().take(profile("C1", 1) { ($0.number, $0.manager) = ("n", "P2") })
      #expect(
        try desk.lines("select format('%s %s %s', id, branch_id, owner_id) from lead where id in (1, 2) order by id")
          == ["1 1 1", "2 1 "])
    }
  }

  @Test("somebody who moved to another branch keeps their count right")
  func moved() async throws {
    try await Desk.open(ConversionTests.firm + "update person set branch_id = 2 where id = 1") { desk in
      try desk.lane().take(profile("C1", 1) { $0.number = "n" })
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["1", "0", "0"])
      #expect(try desk.lines("select format('%s %s', branch_id, owner_id) from lead where id = 1") == ["2 1"])
    }
  }

  @Test("keys that disagree convert nothing and are shown")
  func disagreeing() async throws {
    try await Desk.open(ConversionTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(profile("C9", 1) { $0.idNumber = "11010519491231002X" })
      _ = try desk.session.rows("update lead set identity = $1 where id = 1") {
        $0.fingerprint(ConversionTests.identity)
      }
      try lane.take(profile("C1", 1) { $0.number = "n" })
      #expect(
        try desk.lines(
          """
          select format('%s %s %s', id, state, (select string_agg(code, ',' order by code) from customer c
            where c.id = any(suggested_customers))) from lead where id in (1, 2) order by id
          """) == ["1 owned C1,C9", "2 converted "])
    }
  }

  /// What brings a lead, as far as the gate is concerned: gate, look for customers, write, commit.
  private final class LeadSide {
    let connection: Connection

    init(_ desk: Desk) throws { connection = try desk.database.connect(as: "lead side") }

    /// Whether a customer was found, so that the lead is converted at once.
    func bring(gated: Bool = true, beforeCommit: () -> Void = {}) throws -> Bool {
      _ = try connection.rows("begin")
      let transaction = Transaction(open: connection)
      if gated { try transaction.ask(KnownCustomers.gateLock) }
      let known = try transaction.ask(KnownCustomers.find(identities: [], numbers: ["k"], phones: []))
      let customer = known.byNumber["k"]?.first
      _ = try connection.rows(
        """
        insert into lead (id, phone, source, customer_number, state, customer_id, converted_at, branch_id, owner_id, protected_until,
          version, registered_at)
        values (1, 1, 'web', 'k', case when $1::bigint is null then 'owned' else 'converted' end, $1,
          case when $1 is not null then now() end, 1, 1, now(), 1, now())
        """
      ) { $0.integer(customer?.id) }
      _ = try connection.rows("update person_load set open_leads = open_leads + 1 where person_id = 1 and $1") {
        $0.boolean(customer == nil)
      }
      beforeCommit()
      _ = try connection.rows("commit")
      return customer != nil
    }
  }

  private static let race = """
    insert into branch (id, code, name, level) values (1, 'GZ', 'Guangzhou', 'city');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a');
    """

  @Test(
    "a lead and a profile with one key at one moment: whichever is held before its commit, the lead is converted once")
  func race() async throws {
    try await Desk.open(ConversionTests.race) { desk in
      let lane = try desk.lane()
      let leads = try LeadSide(desk)
      let bringLead = Background { _ = try leads.bring() }
      let outcome = try lane.take([profile("C", 1) { $0.number = "k" }]) {
        bringLead.start()
        #expect(waitForLock(desk), "the lead waits for the profile")
      }
      #expect(outcome == ["kept"])
      try bringLead.wait()
      #expect(try desk.lines("select state from lead") == ["converted"])
      #expect(lane.emitted.isEmpty)

      try desk.session.run(script: "delete from lead; delete from customer")
      let bringProfile = Background { try lane.take(profile("C", 1) { $0.number = "k" }) }
      let found = try leads.bring {
        bringProfile.start()
        #expect(waitForLock(desk), "the profile waits for the lead")
      }
      #expect(!found)
      try bringProfile.wait()
      #expect(try desk.lines("select state || version from lead") == ["converted2"])
      #expect(try desk.lines("select open_leads::text from person_load") == ["0"])
      #expect(lane.emitted.count == 1)
    }
  }

  @Test("without the gate they would miss each other")
  func withoutGate() async throws {
    try await Desk.open(ConversionTests.race) { desk in
      let lane = try desk.lane()
      let leads = try LeadSide(desk)
      _ = try lane.take([profile("C", 1) { $0.number = "k" }]) {
        do { #expect(try !leads.bring(gated: false)) } catch { Issue.record(error) }
      }
      #expect(try desk.lines("select state from lead") == ["owned"], "the lead was lost: the gate is what holds")
    }
  }
}
