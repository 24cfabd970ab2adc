internal import PhoneNumbers
internal import Printing
internal import Values

/// Reads a set of rules against a lead as allocation does: in order, the first that is valid and whose every condition holds.
struct RuleReading {
  struct Rule {
    let position: Int64
    let region: String?
    let source: String?
    let product: String?
    var language: String?
    var currency: String?
    var valueFrom: Money?
    var valueBelow: Money?
    var validFrom: Timestamp?
    var validUntil: Timestamp?
    /// The branch passes the lead down.
    var isStep = false
    let branch: String

    var conditions: String {
      var all = [("region", region), ("source", source), ("product", product), ("language", language)].compactMap {
        name, value in value.map { "\(name) \($0)" }
      }
      switch (valueFrom, valueBelow) {
      case (let from?, let below?): all.append("value from \(from.amount) to below \(below)")
      case (let from?, nil): all.append("value from \(from)")
      case (nil, let below?): all.append("value below \(below)")
      case (nil, nil): if let currency { all.append("value in \(currency)") }
      }
      if let validFrom { all.append("from \(Table.Cell.time(validFrom).shown)") }
      if let validUntil { all.append("until \(Table.Cell.time(validUntil).shown)") }
      return all.isEmpty ? "any lead" : all.joined(separator: ", ")
    }
  }

  let region: String?
  let source: String
  let product: String?
  var language: String?
  var value: Money?
  /// Rules of other moments do not count.
  var moment: Timestamp?
  /// Only direct rules of these branches count; nil is all rules of all branches.
  var within: Set<String>?

  /// The fact that excludes the rule; nil where it matches.
  func obstacle(_ rule: Rule) -> String? {
    if let moment {
      if let from = rule.validFrom, moment < from { return "not valid yet" }
      if let until = rule.validUntil, until <= moment { return "no longer valid" }
    }
    if let within {
      if rule.isStep { return "lets a branch pass leads down" }
      if !within.contains(rule.branch) { return "its branch is not at or below the one that had the lead" }
    }
    if let wanted = rule.region {
      guard let path = RegionPath(wanted) else { return "no phone number is of region \(wanted)" }
      guard let region else { return "the lead has no region" }
      guard let own = RegionPath(region), path.contains(own) else { return "the lead's region is \(region)" }
    }
    if let wanted = rule.source, wanted != source { return "the lead's source is \(source)" }
    if let wanted = rule.product, wanted != product {
      return product.map { "the lead's product is \($0)" } ?? "the lead has no product"
    }
    if let wanted = rule.language, wanted != language {
      return language.map { "the lead's language is \($0)" } ?? "the lead has no language"
    }
    if let wanted = rule.currency {
      guard let value else { return "the lead has no value" }
      let isWithin =
        value.currency == wanted && rule.valueFrom.map { $0.tenThousandths <= value.tenThousandths } ?? true
        && rule.valueBelow.map { value.tenThousandths < $0.tenThousandths } ?? true
      if !isWithin { return "the lead's value is \(value)" }
    }
    return nil
  }
}
