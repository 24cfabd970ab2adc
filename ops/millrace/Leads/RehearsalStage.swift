internal import Contract
internal import Postgres
internal import Values

/// Where a decision is rehearsed: one transaction in which every table that allocation locks or writes is hidden behind
/// an empty or copied temporary one of the same name. The worker's own statements run there unchanged. They lock nothing
/// that others use, and all of it goes with the transaction, which is always rolled back.
struct RehearsalStage {
  let session: Connection

  /// - Parameters:
  ///   - phones: of the leads to come, as digits of E.164: leads that have one of them are there.
  ///   - body: what is rehearsed. The session has the operator's rights.
  static func with<Result>(
    _ session: Connection, phones: [Int64], _ body: (RehearsalStage) throws -> Result
  ) throws -> Result {
    try session.run(script: "begin isolation level repeatable read")
    do {
      try hide(session)
      _ = try session.rows("insert into pg_temp.lead select * from lead where phone = any($1)") {
        $0.integers(phones) { $0 }
      }
      _ = try session.rows("select set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)")
      let result = try body(RehearsalStage(session: session))
      try session.run(script: "rollback")
      return result
    } catch let first {
      // A session that cannot roll back is lost, and its transaction with it.
      do { try session.run(script: "rollback") } catch { throw first }
      throw first
    }
  }

  /// Decides the items as the worker does, batch by batch, with the worker's rights, and writes what it would write.
  func decide<Decider: Deciding>(
    as decider: Decider.Type, role: String, _ items: [Decider.Item], _ cache: inout Decider.Cache, batch: Int = 500
  ) throws -> [Decision<Decider.Change>] {
    let operatorRole = try session.rows("select current_setting('role')")[0].text(0)
    do throws(PostgresError) { try take(role) } catch {
      guard error.sqlState == "42501" else { throw error }
      throw Failure.no("a rehearsal decides with the worker's rights: grant \(role) to this login.")
    }
    var decisions: [Decision<Decider.Change>] = []
    var start = 0
    while start < items.count {
      let some = Array(items[start..<min(items.count, start + batch)])
      var state = try decider.load(some, &cache, Transaction(open: session))
      let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
      let decided = some.map { decider.decide($0, &state, now) }
      let changes = decided.compactMap { if case .apply(let change, _, _) = $0 { change } else { nil } }
      for write in decider.writes {
        var arguments = Arguments()
        if write.bind(state, changes[...], &arguments) > 0 { _ = try session.rows(write.statement, arguments) }
      }
      decisions += decided
      start += some.count
    }
    try take(operatorRole)
    return decisions
  }

  private func take(_ role: String) throws(PostgresError) {
    _ = try session.rows("select set_config('role', $1, true)") { $0.text(role) }
  }

  /// Numbers of rows that are made here begin far above those that there are.
  private static func hide(_ session: Connection) throws(PostgresError) {
    try session.run(
      script: """
        create temporary table branch (like branch including all) on commit drop;
        create temporary table person (like person including all) on commit drop;
        create temporary table branch_load (like branch_load including all) on commit drop;
        create temporary table person_load (like person_load including all) on commit drop;
        create temporary table calendar (like calendar including all) on commit drop;
        create temporary table calendar_hours (like calendar_hours including all) on commit drop;
        create temporary table calendar_day (like calendar_day including all) on commit drop;
        create temporary table lead_source (like lead_source including all) on commit drop;
        create temporary table ruleset (like ruleset including all) on commit drop;
        create temporary table allocation_rule (like allocation_rule including all) on commit drop;
        create temporary table protection_policy (like protection_policy including all) on commit drop;
        create temporary table pool_policy (like pool_policy including all) on commit drop;
        create temporary table step_policy (like step_policy including all) on commit drop;
        create temporary table firm_policy (like firm_policy including all) on commit drop;
        create temporary table lead (like lead including all) on commit drop;
        create temporary table lead_history (like lead_history including all) on commit drop;
        create temporary table lead_duplicate (like lead_duplicate including all) on commit drop;
        create temporary table allocation_snapshot (like allocation_snapshot including all) on commit drop;
        create temporary table reminder (like reminder including all) on commit drop;
        create temporary table outbox (like outbox including all) on commit drop;
        create temporary table identity_key (like identity_key including all) on commit drop;
        create temporary table conversion_gate () on commit drop;
        create temporary table organisation (like organisation including all) on commit drop;
        create temporary table organisation_history (like organisation_history including all) on commit drop;
        create temporary table organisation_pending (like organisation_pending including all) on commit drop;
        create temporary table hand_over (like hand_over including all) on commit drop;
        create temporary sequence lead_block start 9000000000;
        create temporary sequence snapshot_block start 9000000000;

        insert into pg_temp.branch overriding system value select * from branch;
        insert into pg_temp.person overriding system value select * from person;
        insert into pg_temp.branch_load select * from branch_load;
        insert into pg_temp.person_load select * from person_load;
        insert into pg_temp.calendar overriding system value select * from calendar;
        insert into pg_temp.calendar_hours select * from calendar_hours;
        insert into pg_temp.calendar_day select * from calendar_day;
        insert into pg_temp.lead_source select * from lead_source;
        insert into pg_temp.ruleset overriding system value
          select * from ruleset where version = (select max(version) from ruleset);
        insert into pg_temp.allocation_rule
          select * from allocation_rule where ruleset = (select max(version) from ruleset);
        insert into pg_temp.protection_policy overriding system value select * from protection_policy;
        insert into pg_temp.pool_policy select * from pool_policy;
        insert into pg_temp.step_policy overriding system value select * from step_policy;
        insert into pg_temp.firm_policy select * from firm_policy;
        insert into pg_temp.organisation_history select * from organisation_history;
        insert into pg_temp.identity_key select * from identity_key;
        analyze pg_temp.branch, pg_temp.person, pg_temp.branch_load, pg_temp.person_load;

        alter table pg_temp.branch alter column id restart with 9000000000;
        alter table pg_temp.person alter column id restart with 9000000000;
        alter table pg_temp.calendar alter column id restart with 9000000000;
        alter table pg_temp.protection_policy alter column id restart with 9000000000;
        alter table pg_temp.step_policy alter column id restart with 9000000000;
        alter table pg_temp.ruleset alter column version restart with 1000000000;

        grant all on pg_temp.branch, pg_temp.person, pg_temp.branch_load, pg_temp.person_load, pg_temp.calendar,
          pg_temp.calendar_hours, pg_temp.calendar_day, pg_temp.lead_source, pg_temp.ruleset, pg_temp.allocation_rule,
          pg_temp.protection_policy, pg_temp.pool_policy, pg_temp.step_policy, pg_temp.firm_policy, pg_temp.lead,
          pg_temp.lead_history, pg_temp.lead_duplicate, pg_temp.allocation_snapshot, pg_temp.reminder, pg_temp.outbox,
          pg_temp.identity_key, pg_temp.conversion_gate to millrace_allocate_leads;
        grant usage on sequence pg_temp.lead_block, pg_temp.snapshot_block to millrace_allocate_leads;
        """)
  }

  /// New branches and people have loads, as the triggers of the real tables see to.
  func addLoads() throws(PostgresError) {
    try session.run(
      script: """
        insert into branch_load (branch_id) select id from branch on conflict do nothing;
        insert into person_load (person_id) select id from person on conflict do nothing;
        """)
  }
}
