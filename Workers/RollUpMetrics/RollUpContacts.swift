import Contract
import Postgres
import Topics
import Values

/// Takes down who was talked to: leads whose clock a contact moved, and customers whose call somebody answered.
enum RollUpContacts: Worker {
  typealias Input = ServiceRecorded
  static let name = "roll-up-contacts"

  static func load(
    _ events: [Delivery<ServiceRecorded>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(
    _ event: Delivery<ServiceRecorded>, _ state: inout Void, _ now: Timestamp
  ) -> Decision<Conversion> {
    guard case .recorded(let entry) = event.event else { return .ignore("no-contact") }
    // A call is told again where late events conclude otherwise: it has the same beginning, and the entry a higher number.
    let reference = "\(entry.subjectKind.rawValue)/\(entry.subject)/\(entry.at.microseconds)"
    switch (entry.subjectKind, entry.what) {
    case (.lead, "contacted"):
      guard let lead = Int64(entry.subject) else { return .ignore("no-contact") }
      return .apply(
        Conversion(kind: .contacted, reference: reference, lead: lead, at: entry.at, version: entry.number),
        outcome: "contacted")
    case (.customer, "called"):
      let isAnswered = entry.outcome == "answered"
      return .apply(
        Conversion(
          kind: .contacted, reference: reference, customer: entry.subject, at: entry.at, version: entry.number,
          isVoid: !isAnswered),
        outcome: isAnswered ? "contacted" : "not-answered")
    default: return .ignore("no-contact")
    }
  }

  static let writes: [Write<Void, Conversion>] = [.takingDown { _, conversions in Array(conversions) }]
}
