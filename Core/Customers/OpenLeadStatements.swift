internal import Digest
public import Postgres

extension OpenLeads {
  /// A customer with new keys.
  public struct Candidate: Sendable {
    let keys: CustomerKeys
    let manager: Int64?

    public init(newKeys keys: CustomerKeys, manager: Int64?) {
      self.keys = keys
      self.manager = manager
    }
  }

  /// For those who bring profiles with new keys: waits for those who bring leads, then finds and locks what these keys name.
  public static func lock(
    _ candidates: [Candidate], _ transaction: Transaction
  ) throws(PostgresError) -> OpenLeads {
    let (_, (owner, phoneConverts), leads) = try transaction.ask(
      Question("lock table conversion_gate in share mode"), policy, lockedLeads(candidates.map(\.keys)))
    guard !leads.isEmpty else { return .none }

    let rivals = try rivals(of: leads, transaction)
    let owners = Array(Set(leads.compactMap(\.owner))).sorted()
    let branches = try homes(of: owners, transaction)
    let units = try lockedBranches(Set(branches + leads.compactMap(\.branch)).sorted(), transaction)
    // Read again under the locks of their branches: somebody may have moved meanwhile.
    guard try homes(of: owners, transaction).allSatisfy({ units[$0] != nil }) else { throw .changedMeanwhile }
    let leadManagers = managers(of: candidates, leads)
    return OpenLeads(
      leads: leads, rivals: rivals, units: units, people: try people(owners + leadManagers, transaction), owner: owner,
      phoneConverts: phoneConverts)
  }

  /// Those of customers with a key of a lead.
  private static func managers(of candidates: [Candidate], _ leads: [OpenLead]) -> [Int64] {
    let identities = Set(leads.compactMap(\.identity))
    let numbers = Set(leads.compactMap(\.number))
    let phones = Set(leads.compactMap(\.phone))
    return candidates.filter { candidate in
      candidate.keys.identity.map { identities.contains($0) } ?? false
        || candidate.keys.number.map { numbers.contains($0) } ?? false
        || candidate.keys.phones.contains { phones.contains($0) }
    }.compactMap(\.manager)
  }

  private static var policy: Question<(owner: ConvertedOwner, phoneConverts: Bool)> {
    Question("select converted_owner, phone_converts from firm_policy") { rows throws(PostgresError) in
      guard let owner = ConvertedOwner(rawValue: rows[0].text(0)) else {
        throw .unfit("firm_policy.converted_owner is \(rows[0].text(0)), which this program does not know")
      }
      return (owner, rows[0].boolean(1))
    }
  }

  /// By phone only where the firm's policy has it so.
  private static func lockedLeads(_ keys: [CustomerKeys]) -> Question<[OpenLead]> {
    Question(
      """
      select id, version, region, identity, customer_number, phone, state, branch_id, owner_id
      from lead
      where id = any(array(
          select id from lead where identity = any($1) and state <> 'converted' and state <> 'closed'
          union
          select id from lead where customer_number = any($2) and state <> 'converted' and state <> 'closed'
          union
          select id from lead where phone = any($3) and (select phone_converts from firm_policy)))
        and state <> 'converted' and state <> 'closed'
      order by id for update
      """
    ) {
      $0.fingerprints(keys.compactMap(\.identity)) { $0 }
      $0.texts(keys.compactMap(\.number)) { $0 }
      $0.integers(keys.flatMap(\.phones)) { $0 }
    } reading: {
      $0.map { row in
        OpenLead(
          id: row.integer(0), version: Int32(row.small(1)), region: row.optionalText(2),
          identity: row.optionalFingerprint(3), number: row.optionalText(4), phone: row.optionalInteger(5),
          state: row.text(6), branch: row.optionalInteger(7), owner: row.optionalInteger(8))
      }
    }
  }

  private static func rivals(
    of leads: [OpenLead], _ transaction: Transaction
  ) throws(PostgresError) -> [Rival] {
    let rows = try transaction.rows(
      """
      select id, identity, number from customer
      where id = any(array(
          select id from customer where identity = any($1) union select id from customer where number = any($2)))
        and status in ('active', 'dormant')
      """
    ) {
      $0.fingerprints(leads.compactMap(\.identity)) { $0 }
      $0.texts(leads.compactMap(\.number)) { $0 }
    }
    return rows.map { Rival(id: $0.integer(0), identity: $0.optionalFingerprint(1), number: $0.optionalText(2)) }
  }

  private static func homes(of people: [Int64], _ transaction: Transaction) throws(PostgresError) -> [Int64] {
    try transaction.rows("select branch_id from person where id = any($1)") { $0.integers(people) { $0 } }
      .map { $0.integer(0) }
  }

  /// Those who are active.
  private static func people(
    _ ids: [Int64], _ transaction: Transaction
  ) throws(PostgresError) -> [Int64: ConvertedPlace.Person] {
    let rows = try transaction.rows(
      """
      select p.id, p.code, b.id, b.code from person p join branch b on b.id = p.branch_id
      where p.id = any($1) and p.active
      """
    ) { $0.integers(ids) { $0 } }
    var people: [Int64: ConvertedPlace.Person] = [:]
    for row in rows { people[row.integer(0)] = ConvertedPlace.person(row, 0) }
    return people
  }

  private static func lockedBranches(
    _ ids: [Int64], _ transaction: Transaction
  ) throws(PostgresError) -> [Int64: ConvertedPlace.Unit] {
    let rows = try transaction.rows(
      """
      select l.branch_id, b.code from branch_load l join branch b on b.id = l.branch_id
      where l.branch_id = any($1) order by l.branch_id for update of l
      """
    ) { $0.integers(ids) { $0 } }
    var units: [Int64: ConvertedPlace.Unit] = [:]
    for row in rows { units[row.integer(0)] = ConvertedPlace.unit(row, 0) }
    return units
  }
}
