public import Templates

/// Somebody of an audience, and what becomes of them.
public struct Candidate: Sendable {
  /// The number of the customer or the lead.
  public let subject: Int64
  public let customer: Int64?
  public let lead: Int64?
  /// The core system's id of a customer; nil of a lead.
  public let code: String?
  public let name: String?
  /// The one that messages would go to, the digits of E.164; nil where there is none.
  public let phone: Int64?
  /// In lower case.
  public let email: String?
  /// The language of the template that they get; where there is no channel, their own.
  public let language: String?
  /// `CN-GD/Shenzhen`; nil where it is not known.
  public let region: String?
  public let branch: Int64?
  /// The channel that is theirs, counted from 0: the first of the definition's without an obstacle, also where something else keeps the
  /// message away. nil where none is left.
  public let place: Int?
  /// Counted from 0.
  public let variant: Int
  public let outcome: AudienceOutcome
  /// What is known of them, and what the definition says: all that their template can be told.
  public let variables: [String: TemplateValue]
}

public enum AudienceOutcome: Hashable, Sendable {
  /// They get a message.
  case send
  /// They would get one, were they not in the control group.
  case heldOut
  /// `unsuitable`; of their first channel `no-address`, `opted-out`, `bounced`, `complained`, `manual`, `consent-refused` or
  /// `no-consent`; `duplicate-address`, `unknown-language`, `missing-variable`.
  case skipped(String)
  /// Taken out by the definition's own words: counted, but in no audience and no candidate.
  case excluded
}

/// How many people are alike in these respects.
public struct AudienceCount: Hashable, Sendable {
  public let outcome: AudienceOutcome
  public let variant: Int
  public let place: Int?
  public let branch: Int64?
  public let region: String?
  public let language: String?
  /// The variables of their template that they lack.
  public let missing: [String]
  public let people: Int64
}

/// What a template of a campaign wants to know in one of the languages that it is there in.
public struct TemplateNeed: Hashable, Sendable {
  /// Counted from 0, as the definition lists them.
  public let variant: Int
  public let place: Int
  /// BCP 47.
  public let language: String
  /// Used without a default somewhere in the template; not those that every message has.
  public let variables: [String]

  public init(variant: Int, place: Int, language: String, variables: [String]) {
    (self.variant, self.place, self.language, self.variables) = (variant, place, language, variables)
  }
}
