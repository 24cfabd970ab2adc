import Organisation
import Postgres
import TestKit
import Values

extension Office {
  /// As `leads setup` says it, with the operator's rights.
  func record(name: String, of person: String, at time: Timestamp) throws {
    var limits = TestDatabase.limits
    limits.role = "millrace_operator"
    let connection = try database.connect(limits: limits)
    _ = try connection.rows("begin")
    let fact = Fact(.person(person), .name, name, at: time, source: "setup", event: "firm.json")
    try Organisation.record(branches: [], people: [[fact]], Transaction(open: connection))
    _ = try connection.rows("commit")
  }
}
