public import Postgres
internal import Values

extension Organisation {
  /// Locks the firm against other changes and reads what is needed: all branches, and the people who are named.
  public static func load(people codes: [String], _ transaction: Transaction) throws(PostgresError) -> Organisation {
    _ = try transaction.rows("select from organisation for update")
    let branches = try transaction.rows(
      """
      select b.id, b.code, b.name, b.level, b.time_zone, p.code, m.code, b.closed_at
      from branch b left join branch p on p.id = b.parent_id left join branch m on m.id = b.merged_into_id
      """
    ).map {
      BranchRecord(
        id: $0.integer(0), code: $0.text(1), name: $0.text(2), level: $0.text(3), timeZone: $0.text(4),
        parent: $0.optionalText(5), mergedInto: $0.optionalText(6), closedAt: $0.optionalTimestamp(7))
    }
    let branchFacts = try facts(
      try transaction.rows(
        """
        select subject_kind, code, field, value, more, at, source, event_id from organisation_history
        where subject_kind = 'branch'
        """))
    let people = try transaction.rows(
      """
      select p.id, p.code, p.name, b.code, p.active, p.manager, p.leave_from, p.leave_until
      from person p join branch b on b.id = p.branch_id where p.code = any($1)
      """
    ) { $0.texts(codes) { $0 } }.map {
      PersonRecord(
        id: $0.integer(0), code: $0.text(1), name: $0.text(2), branch: $0.text(3), active: $0.boolean(4),
        manager: $0.boolean(5), leaveFrom: $0.optionalTimestamp(6), leaveUntil: $0.optionalTimestamp(7))
    }
    let personFacts = try facts(
      try transaction.rows(
        """
        select subject_kind, code, field, value, more, at, source, event_id from organisation_history
        where subject_kind = 'person' and code = any($1)
        """
      ) { $0.texts(codes) { $0 } })
    return Organisation(branches: branches, branchFacts: branchFacts, people: people, personFacts: personFacts)
  }

  private static func facts(_ rows: Rows) throws(PostgresError) -> [Fact] {
    var facts: [Fact] = []
    for row in rows {
      guard let field = Fact.Field(rawValue: row.text(2)) else {
        throw .unfit("organisation_history has a field that this program does not know: it is older than the database")
      }
      let code = row.text(1)
      facts.append(
        Fact(
          row.text(0) == "person" ? .person(code) : .branch(code), field, row.optionalText(3),
          more: row.optionalText(4), at: row.timestamp(5), source: row.text(6), event: row.text(7)))
    }
    return facts
  }

  /// Locks the branches that people leave or come to, sorted, as allocation does. The firm is locked, so that what was
  /// found out before these locks still holds.
  public func lockBranches(_ transaction: Transaction) throws(PostgresError) {
    guard !touchedBranches.isEmpty else { return }
    _ = try transaction.rows(
      "select from branch_load where branch_id = any($1) order by branch_id for update"
    ) { $0.integers(touchedBranches.sorted()) { $0 } }
  }

  /// Takes in what a file says, in the caller's transaction: loads, decides, locks and writes.
  /// - Parameters:
  ///   - branches: what is said of one branch at once, branch by branch. They are there before the people are looked
  /// at.
  ///   - people: the same of people.
  public static func record(
    branches: [[Fact]], people: [[Fact]], _ transaction: Transaction
  ) throws(PostgresError) {
    let codes = people.compactMap { facts -> String? in
      if case .person(let code)? = facts.first?.subject { code } else { nil }
    }
    var organisation = try load(people: codes, transaction)
    organisation.take(branches: branches)
    for facts in people { _ = organisation.take(facts) }
    try organisation.lockBranches(transaction)
    try organisation.write(transaction)
  }
}
