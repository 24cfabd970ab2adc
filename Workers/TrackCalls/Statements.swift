import Calls
import Contract
import Postgres
import Values

/// What track-calls reads.
enum Statements {
  /// And the database's clock. Not locked: the version that a row has when it is written tells whether somebody else was there.
  static func calls(
    _ ids: [String], _ transaction: Transaction
  ) throws(PostgresError) -> ([String: CallBook.Call], Timestamp) {
    let rows = try transaction.rows(
      """
      select clock_timestamp(), c.id, c.version, c.facts, c.phone, c.lead_id, c.contact,
        coalesce(c.customer_ids, array[c.customer_id]), c.use
      from (select) one left join call c on c.id = any($1)
      """
    ) { $0.texts(ids) { $0 } }
    var kept: [String: [CallBook.Kept]] = [:]
    kept.reserveCapacity(ids.count)
    for row in rows {
      guard let id = row.optionalText(1) else { continue }
      kept[id, default: []].append(try call(row))
    }
    let calls = kept.map { ($0, CallBook.Call(id: $0, rows: $1.sorted { $0.use < $1.use })) }
    return (Dictionary(uniqueKeysWithValues: calls), rows[0].timestamp(0))
  }

  private static func call(_ row: Row) throws(PostgresError) -> CallBook.Kept {
    guard let facts = row.withBytes(3, { $0.flatMap { CallFacts(text: $0) } }) else {
      throw .unfit("the facts of a call are written as this program does not know")
    }
    let who = CallBook.Who(
      phone: row.optionalInteger(4), lead: row.optionalInteger(5), customers: row.integers(7).filter { $0 != 0 })
    return CallBook.Kept(
      use: Int32(row.small(8)), version: Int32(row.small(2)), facts: facts,
      memory: CallBook.Memory(who: who, contact: row.optionalText(6)))
  }

  static func owners(of phones: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64: CallBook.Who] {
    let rows = try transaction.rows(
      """
      select phone, id, null::bigint from lead where phone = any($1)
      union all
      select phone, null, customer_id from customer_phone where phone = any($1)
      """
    ) { $0.integers(phones) { $0 } }
    var owners: [Int64: CallBook.Who] = [:]
    for row in rows {
      var who = owners[row.integer(0)] ?? CallBook.Who(phone: row.integer(0))
      if let lead = row.optionalInteger(1) { who.lead = lead }
      if let customer = row.optionalInteger(2) {
        who.customers.append(customer)
        who.customers.sort()
      }
      owners[row.integer(0)] = who
    }
    return owners
  }

  /// Sorted, as everybody locks leads who waits for them.
  static func lockedLeads(_ ids: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64: Lead] {
    let rows = try transaction.rows(
      """
      select id, version, state, branch_id, owner_id, region, product, level, protected_since, protected_until, check_at,
        contacted_at, former_owner_id, former_since, former_until
      from lead where id = any($1) order by id for update
      """
    ) { $0.integers(ids) { $0 } }
    var leads: [Int64: Lead] = [:]
    for row in rows {
      let version = Int32(row.small(1))
      leads[row.integer(0)] = Lead(
        id: row.integer(0), versionBefore: version, isOwned: row.text(2) == "owned",
        isConverted: row.text(2) == "converted", branch: row.optionalInteger(3), owner: row.optionalInteger(4),
        region: row.optionalText(5), product: row.optionalText(6), level: row.optionalText(7),
        protectedSince: row.optionalTimestamp(8), formerOwner: row.optionalInteger(12),
        formerSince: row.optionalTimestamp(13), formerUntil: row.optionalTimestamp(14), version: version,
        protectedUntil: row.optionalTimestamp(9), checkAt: row.optionalTimestamp(10),
        contactedAt: row.optionalTimestamp(11))
    }
    return leads
  }

  static func people(
    _ agents: [String], _ transaction: Transaction
  ) throws(PostgresError) -> [String: CallBook.Person] {
    let rows = try transaction.rows(
      """
      select w.agent, p.id, p.code from unnest($1::text[]) w (agent) left join agent a on a.code = w.agent
        join person p on case when a.code is null then p.code = w.agent else p.id = a.person_id end
      """
    ) { $0.texts(agents) { $0 } }
    return Dictionary(
      rows.map { ($0.text(0), CallBook.Person(id: $0.integer(1), code: $0.text(2))) }, uniquingKeysWith: { a, _ in a })
  }
}
