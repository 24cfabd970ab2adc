import PhoneNumbers
import Postgres
import Values

/// A lead that is held or waits to be passed on, locked, with what rules ask about it.
struct StandingLead: Sendable {
  let id: Int64
  let version: Int32
  let branch: Int64?
  let facts: LeadFacts
  /// Of a lead that waits.
  let due: Timestamp?

  init(id: Int64, version: Int32, branch: Int64?, facts: LeadFacts, due: Timestamp? = nil) {
    self.id = id
    self.version = version
    self.branch = branch
    self.facts = facts
    self.due = due
  }

  /// From `id, version, branch_id, region, source, product, language, value_amount in ten-thousandths, value_currency, level`.
  init(_ row: Row, due: Timestamp? = nil) {
    let currency = row.optionalText(8)
    self.init(
      id: row.integer(0), version: Int32(row.small(1)), branch: row.optionalInteger(2),
      facts: LeadFacts(
        region: row.optionalText(3).flatMap { RegionPath($0) }, source: row.text(4), product: row.optionalText(5),
        level: row.optionalText(9),
        language: row.optionalText(6),
        value: row.optionalInteger(7).flatMap { amount in
          currency.map { Money(tenThousandths: amount, currency: $0) }
        }), due: due)
  }
}
