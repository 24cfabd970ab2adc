internal import PhoneNumbers

/// Reads a set of rules against a lead as allocation does: in order, the first whose every condition holds.
struct RuleReading {
  struct Rule {
    let position: Int64
    let region: String?
    let source: String?
    let product: String?
    let branch: String

    var conditions: String {
      let all = [("region", region), ("source", source), ("product", product)].compactMap { name, value in
        value.map { "\(name) \($0)" }
      }
      return all.isEmpty ? "any lead" : all.joined(separator: ", ")
    }
  }

  let region: String?
  let source: String
  let product: String?

  /// The fact that excludes the rule; nil where it matches.
  func obstacle(_ rule: Rule) -> String? {
    if let wanted = rule.region {
      guard let path = RegionPath(wanted) else { return "no phone number is of region \(wanted)" }
      guard let region else { return "the lead has no region" }
      guard let own = RegionPath(region), path.contains(own) else { return "the lead's region is \(region)" }
    }
    if let wanted = rule.source, wanted != source { return "the lead's source is \(source)" }
    if let wanted = rule.product, wanted != product {
      return product.map { "the lead's product is \($0)" } ?? "the lead has no product"
    }
    return nil
  }
}
