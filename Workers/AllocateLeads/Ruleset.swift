import PhoneNumbers
import Postgres
package import Values

/// A set of allocation rules, in order. Never changed: a change is a set with a new version.
package struct Ruleset: Sendable {
  /// A class, because thousands of leads of a batch refer to a few dozen of them.
  package final class Rule: Sendable {
    package enum How: String, Sendable {
      /// To a person of the branch.
      case direct
      /// The branch passes it down.
      case steps
    }

    package let position: Int32
    let region: RegionPath?
    /// The rule names a region that no phone number is of: it matches nothing.
    let isNowhere: Bool
    let source: String?
    let product: String?
    let language: String?
    /// A lead without a value in this currency does not match.
    let currency: String?
    /// Ten-thousandths of the currency's unit; from inclusive, below exclusive.
    let valueFrom: Int64?
    let valueBelow: Int64?
    let validFrom: Timestamp?
    let validUntil: Timestamp?
    package let how: How
    package let branch: Int64

    package init(
      position: Int32, region: String? = nil, source: String? = nil, product: String? = nil, language: String? = nil,
      currency: String? = nil, valueFrom: Int64? = nil, valueBelow: Int64? = nil, validFrom: Timestamp? = nil,
      validUntil: Timestamp? = nil, how: How = .direct, branch: Int64
    ) {
      self.position = position
      self.region = region.flatMap { RegionPath($0) }
      isNowhere = region != nil && self.region == nil
      self.source = source
      self.product = product
      self.language = language
      self.currency = currency
      self.valueFrom = valueFrom
      self.valueBelow = valueBelow
      self.validFrom = validFrom
      self.validUntil = validUntil
      self.how = how
      self.branch = branch
    }

    func isValid(at moment: Timestamp) -> Bool {
      validFrom.map { $0 <= moment } ?? true && validUntil.map { moment < $0 } ?? true
    }

    /// Whether its conditions hold, whenever that is.
    func matches(_ lead: LeadFacts) -> Bool {
      if isNowhere { return false }
      if let region {
        guard let own = lead.region, region.contains(own) else { return false }
      }
      if let source, source != lead.source { return false }
      if let product, product != lead.product { return false }
      if let language, language != lead.language { return false }
      if let currency {
        guard let value = lead.value, value.currency == currency else { return false }
        if let valueFrom, value.tenThousandths < valueFrom { return false }
        if let valueBelow, value.tenThousandths >= valueBelow { return false }
      }
      return true
    }
  }

  package let version: Int32
  package let rules: [Rule]

  package init(version: Int32, rules: [Rule]) {
    self.version = version
    self.rules = rules
  }

  static let none = Ruleset(version: 0, rules: [])

  /// The first rule that is valid at the moment and whose every condition holds.
  func match(_ lead: LeadFacts, at moment: Timestamp) -> Rule? {
    rules.first { $0.isValid(at: moment) && $0.matches(lead) }
  }

  static func load(_ version: Int32, _ transaction: Transaction) throws(PostgresError) -> Ruleset {
    let rows = try transaction.rows(
      """
      select position, region, source, product, language, currency, (value_from * 10000)::bigint,
        (value_below * 10000)::bigint, valid_from, valid_until, how, branch_id
      from allocation_rule where ruleset = $1 order by position
      """
    ) { $0.small(version) }
    let rules = rows.map { row in
      Rule(
        position: Int32(row.small(0)), region: row.optionalText(1), source: row.optionalText(2),
        product: row.optionalText(3), language: row.optionalText(4), currency: row.optionalText(5),
        valueFrom: row.optionalInteger(6), valueBelow: row.optionalInteger(7), validFrom: row.optionalTimestamp(8),
        validUntil: row.optionalTimestamp(9), how: Rule.How(rawValue: row.text(10)) ?? .direct, branch: row.integer(11))
    }
    return Ruleset(version: version, rules: rules)
  }
}
