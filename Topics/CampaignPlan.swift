public import Values

extension CampaignProgress {
  /// What of a campaign's plan those need who follow it without reading its definition.
  public struct Plan: Equatable, Sendable {
    public enum Audience: String, Sendable, CaseIterable { case customers, leads }

    public let title: String
    /// The firm's word for what it is for, such as `cross-sell`.
    public let objective: String
    public let purpose: MessageRequest.Purpose
    public let audience: Audience
    /// The codes of whose people it reaches, and of who answers for it.
    public let branch: String
    public let owner: String
    public let product: String?
    /// In the order in which they are tried.
    public let channels: [String]
    /// At least one: `a` where the plan names none.
    public let variants: [String]
    public let targets: Targets?
    public let conversion: Conversion?
    public let starts: Timestamp
    public let expires: Timestamp

    public init(
      title: String, objective: String, purpose: MessageRequest.Purpose, audience: Audience, branch: String,
      owner: String, product: String? = nil, channels: [String], variants: [String], targets: Targets? = nil,
      conversion: Conversion? = nil, starts: Timestamp, expires: Timestamp
    ) {
      (self.title, self.objective, self.purpose, self.audience) = (title, objective, purpose, audience)
      (self.branch, self.owner, self.product) = (branch, owner, product)
      (self.channels, self.variants, self.targets, self.conversion) = (channels, variants, targets, conversion)
      (self.starts, self.expires) = (starts, expires)
    }
  }

  /// What is hoped for.
  public struct Targets: Equatable, Sendable {
    public let reach: Int64?
    public let responses: Int64?
    public let conversions: Int64?
    public let assets: Money?

    public init(reach: Int64? = nil, responses: Int64? = nil, conversions: Int64? = nil, assets: Money? = nil) {
      (self.reach, self.responses, self.conversions, self.assets) = (reach, responses, conversions, assets)
    }
  }

  /// What counts as a success, and whose it is.
  public struct Conversion: Equatable, Sendable {
    public enum Event: String, Sendable, CaseIterable {
      case leadConverted = "lead-converted"
      case assetsAdded = "assets-added"
      case contacted
    }

    public enum Credit: String, Sendable, CaseIterable {
      case lastTouch = "last-touch"
      /// In equal parts to all that touched the person.
      case even
    }

    public let by: Event
    /// ISO 8601: `P30D`.
    public let within: String
    public let credit: Credit

    public init(by: Event, within: String, credit: Credit) {
      (self.by, self.within, self.credit) = (by, within, credit)
    }
  }
}
