import Contract
import Postgres
import Topics
import Values

/// Takes down who was talked to: leads whose clock a contact moved, and customers whose call somebody answered. What those did whom a task
/// that was done has touched is looked at again.
enum RollUpContacts: Worker {
  typealias Input = ServiceRecorded
  static let name = "roll-up-contacts"

  enum Change: Sendable {
    case contacted(Conversion)
    /// By a task, of which the ledger of tasks has what came of it.
    case touched(Touched)

    var conversion: Conversion? { if case .contacted(let conversion) = self { conversion } else { nil } }
    var touched: Touched? { if case .touched(let touched) = self { touched } else { nil } }
  }

  /// A customer's code or a lead's number.
  struct Touched: Sendable {
    var customer: String?
    var lead: Int64?
  }

  static func load(
    _ events: [Delivery<ServiceRecorded>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(
    _ event: Delivery<ServiceRecorded>, _ state: inout Void, _ now: Timestamp
  ) -> Decision<Change> {
    guard case .recorded(let entry) = event.event else { return .ignore("no-contact") }
    // A call is told again where late events conclude otherwise: it has the same beginning, and the entry a higher number.
    let reference = "\(entry.subjectKind.rawValue)/\(entry.subject)/\(entry.at.microseconds)"
    switch (entry.subjectKind, entry.what) {
    case (.lead, "contacted"):
      guard let lead = Int64(entry.subject) else { return .ignore("no-contact") }
      return .apply(
        .contacted(Conversion(kind: .contacted, reference: reference, lead: lead, at: entry.at, version: entry.number)),
        outcome: "contacted")
    case (.customer, "called"):
      let isAnswered = entry.outcome == "answered"
      return .apply(
        .contacted(
          Conversion(
            kind: .contacted, reference: reference, customer: entry.subject, at: entry.at, version: entry.number,
            isVoid: !isAnswered)),
        outcome: isAnswered ? "contacted" : "not-answered")
    case (_, "task-done") where entry.outcome == "unreachable": return .ignore("nobody-touched")
    case (.customer, "task-done"):
      return .apply(.touched(Touched(customer: entry.subject)), outcome: "task-done")
    case (.lead, "task-done"):
      guard let lead = Int64(entry.subject) else { return .ignore("no-contact") }
      return .apply(.touched(Touched(lead: lead)), outcome: "task-done")
    default: return .ignore("no-contact")
    }
  }

  static let writes: [Write<Void, Change>] = [
    .takingDown { _, changes in changes.compactMap(\.conversion) },
    .total(
      { _, changes in changes.compactMap(\.touched) },
      """
      select touched_people(array(select k.id from customer k where k.code = any($1::text[])), array_remove($2::bigint[], null))
      """,
      touchesEach: false,
      .text { $0.customer }, .integer { $0.lead }),
  ]
}
