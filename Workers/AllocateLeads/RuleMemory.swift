import PhoneNumbers
import Values

/// What a lane found out about rules: leads come with few sources and products, in few bands of value, from few hundred
/// places.
struct RuleMemory {
  let ruleset: Ruleset
  /// Those that are valid now, by place in the set; right until `validUntil`.
  private(set) var valid: [Ruleset.Rule] = []
  private var validFrom: Timestamp?
  private(set) var validUntil: Timestamp?
  private var found: [Key: Int?] = [:]
  /// What no rule asks for is no part of a key.
  private let asksProduct: Bool
  private let asksLanguage: Bool
  /// By currency, the ends of bands of value in order.
  private let bands: [String: [Int64]]

  private struct Key: Hashable {
    let region: RegionPath?
    let source: String
    let product: String?
    let language: String?
    let currency: String?
    /// How many of the currency's ends the value has reached.
    let band: Int
  }

  /// Sources and products are what others write: their variety must not grow without end.
  private static var most: Int { 20_000 }

  init(_ ruleset: Ruleset) {
    self.ruleset = ruleset
    asksProduct = ruleset.rules.contains { $0.product != nil }
    asksLanguage = ruleset.rules.contains { $0.language != nil }
    var bands: [String: Set<Int64>] = [:]
    for rule in ruleset.rules {
      guard let currency = rule.currency else { continue }
      bands[currency, default: []].formUnion([rule.valueFrom, rule.valueBelow].compactMap { $0 })
    }
    self.bands = bands.mapValues { $0.sorted() }
  }

  /// Another one with other rules, and when others of them become valid.
  struct Edition: Equatable {
    let version: Int32
    let validFrom: Timestamp?
  }

  var edition: Edition { Edition(version: ruleset.version, validFrom: validFrom) }

  /// From now on it is this moment.
  mutating func advance(to moment: Timestamp) {
    if let validFrom, validFrom <= moment, validUntil.map({ moment < $0 }) ?? true { return }
    found.removeAll()
    valid = ruleset.rules.filter { $0.isValid(at: moment) }
    validFrom = moment
    validUntil = ruleset.rules.flatMap { [$0.validFrom, $0.validUntil] }.compactMap { $0 }.filter { $0 > moment }.min()
  }

  mutating func match(_ lead: LeadFacts) -> Ruleset.Rule? {
    var currency: String?
    var band = 0
    if !bands.isEmpty, let value = lead.value, let ends = bands[value.currency] {
      currency = value.currency
      band = ends.count { $0 <= value.tenThousandths }
    }
    let key = Key(
      region: lead.region, source: lead.source, product: asksProduct ? lead.product : nil,
      language: asksLanguage ? lead.language : nil, currency: currency, band: band)
    if let known = found[key] { return known.map { valid[$0] } }
    if found.count >= RuleMemory.most { found.removeAll(keepingCapacity: true) }
    let place = valid.firstIndex { $0.matches(lead) }
    found[key] = .some(place)
    return place.map { valid[$0] }
  }
}
