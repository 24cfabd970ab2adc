import PhoneNumbers
import Postgres
import Values

/// What allocation reads.
enum Statements {
  static func leads(of phones: [PhoneNumber], _ transaction: Transaction) throws(PostgresError) -> [Int64: Int64] {
    let rows = try transaction.rows("select phone, id from lead where phone = any($1)") {
      $0.integers(phones) { $0.digits }
    }
    var leads: [Int64: Int64] = [:]
    for row in rows { leads[row.integer(0)] = row.integer(1) }
    return leads
  }

  /// Locks the branches, sorted, and then reads their people: a branch's row is the lock on all of them.
  static func lockedBranches(
    _ ids: [Int64], _ snapshots: NumberStock, _ transaction: Transaction
  ) throws(PostgresError) -> [Int64: Allocation.Branch] {
    guard !ids.isEmpty else { return [:] }
    let locked = try transaction.rows(
      """
      select l.branch_id, b.code, l.held
      from branch_load l join branch b on b.id = l.branch_id
      where l.branch_id = any($1) order by l.branch_id for update of l
      """
    ) { $0.integers(ids) { $0 } }
    let people = try transaction.rows(
      """
      select p.branch_id, p.id, p.code, p.weight, p.capacity, l.open_leads, l.credit, p.active,
        coalesce(p.leave_from <= clock_timestamp(), p.leave_until is not null)
          and coalesce(p.leave_until > clock_timestamp(), true)
      from person p join person_load l on l.person_id = p.id
      where p.branch_id = any($1) order by p.branch_id, p.id
      """
    ) { $0.integers(ids) { $0 } }
    var teams: [Int64: [Rotation.Person]] = [:]
    for row in people { teams[row.integer(0), default: []].append(person(row)) }
    var numbers = snapshots
    var branches: [Int64: Allocation.Branch] = [:]
    for row in locked {
      let held = Int32(row.small(2))
      branches[row.integer(0)] = Allocation.Branch(
        id: row.integer(0), code: row.text(1), heldBefore: held, held: held,
        rotation: Rotation(teams[row.integer(0)] ?? []), snapshot: numbers.next())
    }
    return branches
  }

  private static func person(_ row: Row) -> Rotation.Person {
    let weight = Int32(row.small(3))
    var excluded: Rotation.Exclusion?
    if !row.boolean(7) {
      excluded = .inactive
    } else if row.boolean(8) {
      excluded = .onLeave
    } else if weight == 0 {
      excluded = .noWeight
    }
    return Rotation.Person(
      id: row.integer(1), code: row.text(2), weight: weight, capacity: row.optionalInteger(4).map { Int32($0) },
      excluded: excluded, openLeads: Int32(row.small(5)), credit: Int32(row.small(6)))
  }

  /// When a lead given now would lose its protection, by the one clock in the database.
  static func deadlines(
    _ wanted: [BranchProduct], _ transaction: Transaction
  ) throws(PostgresError) -> [BranchProduct: Timestamp] {
    guard !wanted.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select branch_id, product, protected_until
      from protection_deadlines($1::bigint[], $2::text[], statement_timestamp())
      """
    ) {
      $0.integers(wanted) { $0.branch }
      $0.texts(wanted) { $0.product }
    }
    guard rows.count == wanted.count else {
      throw .unfit("a branch has no period of protection: load policies with `millrace leads setup`")
    }
    var deadlines: [BranchProduct: Timestamp] = [:]
    for row in rows {
      deadlines[BranchProduct(branch: row.integer(0), product: row.optionalText(1))] = row.optionalTimestamp(2)
    }
    return deadlines
  }
}
