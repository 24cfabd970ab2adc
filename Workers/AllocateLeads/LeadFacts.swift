import PhoneNumbers
import Values

/// What rules ask about a lead.
struct LeadFacts: Equatable {
  var region: RegionPath?
  var source: String
  var product: String?
  /// Asked by policies of protection alone.
  var level: String?
  var language: String?
  var value: Money?
}
