import PhoneNumbers
import Postgres

/// A set of allocation rules, in order. Never changed: a change is a set with a new version.
struct Ruleset {
  struct Rule: Sendable {
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
    place(region, source, product).map { rules[$0] }
  }

  fileprivate func place(_ region: RegionPath?, _ source: String, _ product: String?) -> Int? {
    rules.firstIndex { rule in
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

/// What a lane found out about rules: leads come with few sources and products from few hundred places.
struct RuleMemory {
  let ruleset: Ruleset
  private var places: [Key: Int?] = [:]

  private struct Key: Hashable {
    let region: RegionPath?
    let source: String
    let product: String?
  }

  /// Sources and products are what others write: their variety must not grow without end.
  private static var most: Int { 20_000 }

  init(_ ruleset: Ruleset) { self.ruleset = ruleset }

  mutating func match(_ region: RegionPath?, _ source: String, _ product: String?) -> Ruleset.Rule? {
    let key = Key(region: region, source: source, product: product)
    if let known = places[key] { return known.map { ruleset.rules[$0] } }
    if places.count >= RuleMemory.most { places.removeAll(keepingCapacity: true) }
    let place = ruleset.place(region, source, product)
    places[key] = .some(place)
    return place.map { ruleset.rules[$0] }
  }
}
