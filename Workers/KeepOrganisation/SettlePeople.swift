import Contract
import Organisation
import Postgres
import Values

/// Looks again at people of whom something was said that could not be true yet, once the branch that it waits for is
/// there; and at those whose branch another has taken over.
enum SettlePeople: Sweep {
  static let name = "settle-people"

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [String] {
    let due = try transaction.rows(
      """
      select p.code from organisation_pending p
      where p.subject_kind = 'person'
        and (p.reason = 'again' or exists (select from branch b where b.code = p.waits_for))
        and not exists (select from set_aside s where s.sweep = 'settle-people' and s.item = p.code)
      order by p.since, p.code limit $1
      """
    ) { $0.integer(Int64(limit)) }
    // The firm's lock comes with loading. Two sweeps that find the same people do no harm: the second finds nothing
    // to do.
    return due.map { $0.text(0) }
  }

  static func label(_ code: String) -> String { code }

  static func load(
    _ codes: [String], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> Organisation {
    let organisation = try Organisation.load(people: codes, transaction)
    var trial = organisation
    for code in codes { _ = trial.look(atPerson: code) }
    try trial.lockBranches(transaction)
    return organisation
  }

  static func decide(_ code: String, _ organisation: inout Organisation, _ now: Timestamp) -> Decision<Void> {
    switch organisation.look(atPerson: code) {
    case .changed: .apply((), outcome: "settled")
    case .waits: .apply((), outcome: "waits")
    case .unchanged: .apply((), outcome: "unchanged")
    }
  }

  static let writes: [Write<Organisation, Void>] = Organisation.writes { $0 }
}
