import Contract
import PhoneNumbers
import Postgres
import Runtime
import Values

/// What allocation reads.
enum Statements {
  static func leads(of phones: [PhoneNumber]) -> Question<[Int64: Int64]> {
    guard !phones.isEmpty else { return Question(known: [:]) }
    return Question("select phone, id from lead where phone = any($1)") {
      $0.integers(phones) { $0.digits }
    } reading: { rows in
      var leads: [Int64: Int64] = [:]
      for row in rows { leads[row.integer(0)] = row.integer(1) }
      return leads
    }
  }

  /// Locks the branches, sorted, and then reads them and their people as they are at one moment after that: a branch's row
  /// is the lock on all of them. Answers that moment as well.
  static func lockedBranches(
    _ ids: [Int64], _ snapshots: NumberStock, _ transaction: Transaction
  ) throws(PostgresError) -> (branches: [Int64: Branch], at: Timestamp?, clockEdition: Int64) {
    guard !ids.isEmpty else { return ([:], nil, 0) }
    let lock = Question("select from branch_load where branch_id = any($1) order by branch_id for update") {
      $0.integers(ids) { $0 }
    }
    let people: Question<Rows> = Question(
      """
      with moment as materialized (select clock_timestamp() as at)
      select b.id, b.code, l.held, l.turn, b.method, b.catch_up,
        (m.at at time zone b.time_zone)::date - date '2000-01-01', m.at, p.person_id, p.code, p.weight, p.capacity,
        p.daily_cap, p.weekly_cap, p.open_leads, p.given_today, p.given_this_week, p.turn, p.excluded,
        (select edition from clock_terms)
      from moment m
        join branch_load l on l.branch_id = any($1)
        join branch b on b.id = l.branch_id
        left join people_at($1, m.at) p on p.branch_id = b.id
      order by b.id, p.person_id
      """
    ) {
      $0.integers(ids) { $0 }
    } reading: {
      $0
    }
    let (_, rows) = try transaction.ask(lock, people)
    var numbers = snapshots
    var branches: [Int64: Branch] = [:]
    var row = 0
    while row < rows.count {
      let first = rows[row]
      let id = first.integer(0)
      let (turn, catchUp) = (first.integer(3), first.integer(5))
      var people: [Rotation.Person] = []
      while row < rows.count, rows[row].integer(0) == id {
        if let number = rows[row].optionalInteger(8) { people.append(person(number, rows[row], turn, catchUp)) }
        row += 1
      }
      let held = Int32(first.small(2))
      branches[id] = Branch(
        id: id, code: first.text(1), heldBefore: held, held: held, turn: turn, day: Int32(first.small(6)),
        rotation: Rotation(people, Rotation.Method(rawValue: first.text(4)) ?? .roundRobin), snapshot: numbers.next())
    }
    return (branches, rows.first?.timestamp(7), rows.first?.integer(19) ?? 0)
  }

  /// Former owners who shall not have the leads at that moment. A lead of one version had none.
  static func cooling(
    _ leads: [StandingLead], at moment: Timestamp
  ) -> Question<[Int64: Set<Int64>]> {
    let older = leads.filter { $0.version > 1 }
    guard !older.isEmpty, !Sabotage.forgetCoolOff.isOn else { return Question(known: [:]) }
    return Question("select lead_id, person_id from cool_offs($1) where until > $2") {
      $0.integers(older) { $0.id }
      $0.timestamp(moment)
    } reading: { rows in
      var cooling: [Int64: Set<Int64>] = [:]
      for row in rows { cooling[row.integer(0), default: []].insert(row.integer(1)) }
      return cooling
    }
  }

  private static func person(_ id: Int64, _ row: Row, _ turn: Int64, _ catchUp: Int64) -> Rotation.Person {
    func optional(_ column: Int32) -> Int32? { row.optionalInteger(column).map { Int32($0) } }
    let weight = Int32(row.small(10))
    let (offset, isMoved) = Rotation.Person.offset(
      of: row.optionalInteger(17), from: turn, stride: Rotation.stride(of: weight), catchUp: catchUp)
    return Rotation.Person(
      id: id, code: row.text(9), weight: weight, capacity: optional(11), dailyCap: optional(12),
      weeklyCap: optional(13),
      excluded: Sabotage.callAnybody.isOn
        ? nil : row.optionalText(18).flatMap { Rotation.Exclusion(rawValue: $0) }, openLeads: Int32(row.small(14)),
      givenToday: Int32(row.small(15)), givenThisWeek: Int32(row.small(16)), offset: offset, isMoved: isMoved)
  }
}
