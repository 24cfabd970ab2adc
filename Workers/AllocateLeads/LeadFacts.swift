import PhoneNumbers
import Values

/// What rules ask about a lead.
struct LeadFacts: Equatable {
  var region: RegionPath?
  var source: String
  var product: String?
  var language: String?
  var value: Money?
}
