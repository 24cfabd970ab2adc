import Contract
import Digest
import LeadClock
import Postgres
import Values

/// What reclaim-leads reads.
enum Statements {
  static func commands(
    _ numbers: [String], _ transaction: Transaction
  ) throws(PostgresError) -> [Fingerprint: StampedCommand] {
    let ids = Array(Set(numbers.compactMap { Fingerprint(uuid: $0) }))
    guard !ids.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select id, at, person_id, what, lead_id, to_branch_id, to_person_id, happened_at, transfer_id,
        settled_at is not null
      from command
      where id = any($1)
      """
    ) { $0.fingerprints(ids) { $0 } }
    var commands: [Fingerprint: StampedCommand] = [:]
    for row in rows {
      commands[row.fingerprint(0)] = StampedCommand(
        id: row.fingerprint(0), at: row.timestamp(1), person: row.integer(2), what: row.text(3), lead: row.integer(4),
        toBranch: row.optionalInteger(5), toPerson: row.optionalInteger(6), happened: row.optionalTimestamp(7),
        transfer: row.optionalInteger(8), isSettled: row.boolean(9))
    }
    return commands
  }

  /// Sorted, as everybody locks leads who waits for them.
  static func lockedLeads(_ ids: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64: Lead] {
    guard !ids.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select id, version, state, branch_id, owner_id, region, product, level, held_reason, held_since, held_ruleset,
        protected_since, protected_until, check_at, contacted_at, former_owner_id, former_since, former_until, pooled_at,
        pool_due_at, step_due_at
      from lead where id = any($1) order by id for update
      """
    ) { $0.integers(ids) { $0 } }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.integer(0), lead($0)) })
  }

  /// From the columns that `lockedLeads` selects.
  static func lead(_ row: Row) -> Lead {
    let version = Int32(row.small(1))
    return Lead(
      id: row.integer(0), versionBefore: version, region: row.optionalText(5), product: row.optionalText(6),
      level: row.optionalText(7), version: version, state: Lead.State(rawValue: row.text(2)) ?? .other,
      branch: row.optionalInteger(3), owner: row.optionalInteger(4), heldReason: row.optionalText(8),
      heldSince: row.optionalTimestamp(9), heldRuleset: row.optionalInteger(10).map { Int32($0) },
      protectedSince: row.optionalTimestamp(11), protectedUntil: row.optionalTimestamp(12),
      checkAt: row.optionalTimestamp(13), contactedAt: row.optionalTimestamp(14),
      formerOwner: row.optionalInteger(15), formerSince: row.optionalTimestamp(16),
      formerUntil: row.optionalTimestamp(17), pooledAt: row.optionalTimestamp(18),
      poolDueAt: row.optionalTimestamp(19), stepDueAt: row.optionalTimestamp(20))
  }

  static func branches(_ codes: [String], _ transaction: Transaction) throws(PostgresError) -> [String: Int64] {
    guard !codes.isEmpty else { return [:] }
    let rows = try transaction.rows("select code, id from branch where code = any($1)") { $0.texts(codes) { $0 } }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.integer(1)) })
  }

  /// Where people are, by number or code.
  static func homes(
    people: [Int64], codes: [String], _ transaction: Transaction
  ) throws(PostgresError) -> [(person: Int64, branch: Int64)] {
    guard !people.isEmpty || !codes.isEmpty else { return [] }
    return try transaction.rows("select id, branch_id from person where id = any($1) or code = any($2) order by id") {
      $0.integers(people) { $0 }
      $0.texts(codes) { $0 }
    }.map { ($0.integer(0), $0.integer(1)) }
  }

  /// A branch's row is the lock on its people and what they count, on its queue and its pool.
  static func lock(branches ids: [Int64], _ transaction: Transaction) throws(PostgresError) {
    guard !ids.isEmpty else { return }
    _ = try transaction.rows("select from branch_load where branch_id = any($1) order by branch_id for update") {
      $0.integers(ids) { $0 }
    }
  }

  static func parents(_ ids: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64] {
    try transaction.rows("select distinct parent_id from branch where id = any($1) and parent_id is not null") {
      $0.integers(ids) { $0 }
    }.map { $0.integer(0) }
  }

  static func people(_ ids: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64: LeadBook.Person] {
    guard !ids.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select p.id, p.code, p.branch_id, p.active, p.capacity, l.open_leads,
        case when l.claimed_on = (clock_timestamp() at time zone b.time_zone)::date then l.claimed_today else 0 end
      from person p join person_load l on l.person_id = p.id join branch b on b.id = p.branch_id
      where p.id = any($1)
      """
    ) { $0.integers(ids) { $0 } }
    var people: [Int64: LeadBook.Person] = [:]
    for row in rows {
      people[row.integer(0)] = LeadBook.Person(
        id: row.integer(0), code: row.text(1), branch: row.integer(2), isActive: row.boolean(3),
        capacity: row.optionalInteger(4).map { Int32($0) }, openBefore: Int32(row.small(5)), open: Int32(row.small(5)),
        claimedBefore: Int32(row.small(6)), claimed: Int32(row.small(6)))
    }
    return people
  }

  static func branches(
    _ ids: [Int64], at: Timestamp, _ transaction: Transaction
  ) throws(PostgresError) -> [Int64: LeadBook.Branch] {
    guard !ids.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select b.id, b.code, b.parent_id, t.claim_delay_minutes, t.claims_a_day, t.unclaimed_to,
        t.transfer_clock = 'keep', case when t.unclaimed_days is not null then e.ends end,
        case when s.within_minutes is not null then working_deadline(b.calendar_id, b.time_zone, $2, s.within_minutes) end,
        case when s.remind_minutes is not null
          then working_deadline(b.calendar_id, b.time_zone, $2, s.within_minutes - s.remind_minutes) end
      from pool_terms($1) t join branch b on b.id = t.branch_id
      cross join lateral protection_end($2, coalesce(t.unclaimed_days, 0), false, null, t.time_zone, t.day_end) e
      left join lateral (
        select within_minutes, remind_minutes from step_policy s where s.branch_id = b.id or s.level = b.level
        order by s.branch_id nulls last limit 1) s on true
      """
    ) {
      $0.integers(ids) { $0 }
      $0.timestamp(at)
    }
    var branches: [Int64: LeadBook.Branch] = [:]
    for row in rows {
      branches[row.integer(0)] = LeadBook.Branch(
        id: row.integer(0), code: row.text(1), parent: row.optionalInteger(2),
        pool: LeadBook.PoolTerms(
          claimDelayMinutes: row.integer(3), claimsADay: row.optionalInteger(4).map { Int32($0) },
          unclaimedTo: row.text(5), keepsClock: row.boolean(6), unclaimedAt: row.optionalTimestamp(7),
          stepDueAt: row.optionalTimestamp(8), stepRemindAt: row.optionalTimestamp(9)))
    }
    return branches
  }

  /// Those of the pairs in which the person manages the branch or one above it.
  static func managers(
    _ pairs: [LeadBook.PersonBranch], _ transaction: Transaction
  ) throws(PostgresError) -> Set<LeadBook.PersonBranch> {
    guard !pairs.isEmpty else { return [] }
    let rows = try transaction.rows(
      """
      select person, branch from unnest($1::bigint[], $2::bigint[]) a (person, branch) where manages(person, branch)
      """
    ) {
      $0.integers(pairs) { $0.person }
      $0.integers(pairs) { $0.branch }
    }
    return Set(rows.map { LeadBook.PersonBranch(person: $0.integer(0), branch: $0.integer(1)) })
  }

  /// Those of the pairs in which the person's own branch is the branch, or lies below it.
  static func members(
    _ pairs: [LeadBook.PersonBranch], _ transaction: Transaction
  ) throws(PostgresError) -> Set<LeadBook.PersonBranch> {
    guard !pairs.isEmpty else { return [] }
    let rows = try transaction.rows(
      """
      with recursive above as (
        select a.person, a.branch, p.branch_id as id, 0 as distance
        from unnest($1::bigint[], $2::bigint[]) a (person, branch) join person p on p.id = a.person
        union all
        select above.person, above.branch, b.parent_id, above.distance + 1
        from above join branch b on b.id = above.id where b.parent_id is not null and above.distance < 30)
      select person, branch from above where id = branch
      """
    ) {
      $0.integers(pairs) { $0.person }
      $0.integers(pairs) { $0.branch }
    }
    return Set(rows.map { LeadBook.PersonBranch(person: $0.integer(0), branch: $0.integer(1)) })
  }

  /// Until when each may not claim the lead: they had it, and it was taken back or they gave it back.
  static func coolOffs(
    _ pairs: [LeadBook.PersonLead], _ transaction: Transaction
  ) throws(PostgresError) -> [LeadBook.PersonLead: Timestamp] {
    guard !pairs.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select a.person, a.lead, c.until from unnest($1::bigint[], $2::bigint[]) a (person, lead)
        join cool_offs($2::bigint[]) c on c.lead_id = a.lead and c.person_id = a.person
      """
    ) {
      $0.integers(pairs) { $0.person }
      $0.integers(pairs) { $0.lead }
    }
    var coolOffs: [LeadBook.PersonLead: Timestamp] = [:]
    for row in rows {
      coolOffs[LeadBook.PersonLead(person: row.integer(0), lead: row.integer(1))] = row.timestamp(2)
    }
    return coolOffs
  }
}
