internal import PhoneNumbers

/// Which rules no lead can reach, because the first that matches counts and earlier ones match all that they would.
///
/// A rule hides another if each of its conditions is absent or contains the other's: the region around it, the same
/// source, product and language, the values and dates around it. Several may hide one together, by values and dates.
enum RuleReach {
  struct Hidden: Equatable {
    let rule: Int
    /// Places of those that hide it.
    let by: [Int]
    /// The first of them has the very same conditions.
    let isSame: Bool
  }

  private struct Key: Hashable {
    let region: RegionPath?
    let source: String?
    let product: String?
    let language: String?
  }

  /// The leads of one key that a rule takes: values by dates, from inclusive, below exclusive.
  private struct Area: Equatable {
    /// nil: leads without a value and of any currency too, which no band contains.
    var currency: String?
    var from: Int64
    var below: Int64
    var since: Int64
    var until: Int64

    init(_ rule: Firm.Rule) {
      currency = rule.value?.currency
      from = rule.value?.from ?? .min
      below = rule.value?.below ?? .max
      since = rule.validFrom?.microseconds ?? .min
      until = rule.validUntil?.microseconds ?? .max
    }

    /// What of this is outside of the other; nil where they do not touch.
    func outside(_ other: Area) -> [Area]? {
      guard other.currency == nil || other.currency == currency, other.from < below, from < other.below,
        other.since < until, since < other.until
      else { return nil }
      var rest: [Area] = []
      var middle = self
      if from < other.from {
        middle.below = other.from
        rest.append(middle)
        middle.from = other.from
        middle.below = below
      }
      if other.below < below {
        var above = middle
        above.from = other.below
        rest.append(above)
        middle.below = other.below
      }
      if since < other.since {
        var before = middle
        before.until = other.since
        rest.append(before)
      }
      if other.until < until {
        var after = middle
        after.since = other.until
        rest.append(after)
      }
      return rest
    }
  }

  /// More pieces than these are not followed: the rule is taken to be reached.
  private static let mostPieces = 100

  static func hidden(_ rules: [Firm.Rule]) -> [Hidden] {
    var earlier: [Key: [(place: Int, area: Area)]] = [:]
    var hidden: [Hidden] = []
    for (place, rule) in rules.enumerated() {
      let own = Key(
        region: rule.region.flatMap { RegionPath($0) }, source: rule.source, product: rule.product,
        language: rule.language)
      let area = Area(rule)
      let others = around(own).flatMap { earlier[$0] ?? [] }
      if let by = covering(area, others) {
        let same = earlier[own]?.first { $0.area == area }?.place
        hidden.append(Hidden(rule: place, by: same.map { [$0] } ?? by, isSame: same != nil))
      } else {
        // A hidden one hides nothing that is not hidden anyway.
        earlier[own, default: []].append((place, area))
      }
    }
    return hidden
  }

  /// The key itself and all that contain it: 32 at most.
  private static func around(_ key: Key) -> [Key] {
    let regions: [RegionPath?] = (key.region.map { $0.ancestry.map { $0 } } ?? []) + [nil]
    let sources: Set<String?> = [key.source, nil]
    let products: Set<String?> = [key.product, nil]
    let languages: Set<String?> = [key.language, nil]
    var keys: [Key] = []
    for region in regions {
      for source in sources {
        for product in products {
          for language in languages {
            keys.append(Key(region: region, source: source, product: product, language: language))
          }
        }
      }
    }
    return keys
  }

  /// The one that contains the area, or else those that do together.
  private static func covering(_ area: Area, _ others: [(place: Int, area: Area)]) -> [Int]? {
    var rest = [area]
    var used: [Int] = []
    for other in others {
      if area.outside(other.area)?.isEmpty == true { return [other.place] }
      guard !rest.isEmpty, rest.count <= mostPieces else { continue }
      var touches = false
      rest = rest.flatMap { piece in
        guard let outside = piece.outside(other.area) else { return [piece] }
        touches = true
        return outside
      }
      if touches { used.append(other.place) }
    }
    return rest.isEmpty ? used.sorted() : nil
  }
}
