import PhoneNumbers
import Postgres

/// A set of allocation rules, in order. Never changed: a change is a set with a new version.
struct Ruleset {
  struct Rule {
    let position: Int32
    let region: RegionPath?
    /// The rule names a region that no phone number is of: it matches nothing.
    let isNowhere: Bool
    let source: String?
    let product: String?
    let branch: Int64
  }

  let version: Int32
  let rules: [Rule]

  static let none = Ruleset(version: 0, rules: [])

  /// The first rule whose every condition holds.
  func match(_ region: RegionPath?, _ source: String, _ product: String?) -> Rule? {
    rules.first { rule in
      if rule.isNowhere { return false }
      if let wanted = rule.region {
        guard let region, wanted.contains(region) else { return false }
      }
      if let wanted = rule.source, wanted != source { return false }
      if let wanted = rule.product, wanted != product { return false }
      return true
    }
  }

  static func load(_ version: Int32, _ transaction: Transaction) throws(PostgresError) -> Ruleset {
    let rows = try transaction.rows(
      "select position, region, source, product, branch_id from allocation_rule where ruleset = $1 order by position"
    ) { $0.small(version) }
    let rules = rows.map { row in
      let region = row.optionalText(1)
      let path = region.flatMap { RegionPath($0) }
      return Rule(
        position: Int32(row.small(0)), region: path, isNowhere: region != nil && path == nil,
        source: row.optionalText(2), product: row.optionalText(3), branch: row.integer(4))
    }
    return Ruleset(version: version, rules: rules)
  }
}
