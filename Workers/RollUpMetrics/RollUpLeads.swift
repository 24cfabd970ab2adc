import Contract
import Postgres
import Topics
import Values

/// Takes down which leads were converted.
enum RollUpLeads: Worker {
  typealias Input = LeadOwnership
  static let name = "roll-up-leads"

  static func load(
    _ events: [Delivery<LeadOwnership>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(
    _ event: Delivery<LeadOwnership>, _ state: inout Void, _ now: Timestamp
  ) -> Decision<Conversion> {
    guard case .converted(let converted) = event.event else { return .ignore("no-conversion") }
    return .apply(
      Conversion(
        kind: .leadConverted, reference: String(converted.lead.id), customer: converted.customer,
        lead: converted.lead.id, at: converted.lead.at),
      outcome: "lead-converted")
  }

  static let writes: [Write<Void, Conversion>] = [
    .takingDown { _, conversions in Array(conversions) },
    // What touched the lead has touched the customer: what they have done as such is looked at again.
    .total(
      { _, conversions in conversions.compactMap(\.lead) }, "select touched_people('{}', $1)", touchesEach: false,
      .integer { $0 }),
  ]
}
