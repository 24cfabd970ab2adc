public import Contract
public import JSON
public import Values

/// A customer as a core system has them, whole: what a profile does not say, the customer does not have. Versions rise with
/// every change of a customer; a reader who keeps the highest is right in any order of arrival.
public enum CustomerProfile: Event, Equatable {
  case profile(Profile)
  /// The customer is to be forgotten: everything but id and version.
  case removed(CustomerVersion)

  /// Persons are in it, so that it is kept for a week only.
  public static let topic = Topic("customer.profile", key: "customer id", origin: .versioned)
  public static let types = ["customer.profile", "customer.removed"]

  public var type: String {
    switch self {
    case .profile: "customer.profile"
    case .removed: "customer.removed"
    }
  }

  public var key: String { customer.id }

  public var customer: CustomerVersion {
    switch self {
    case .profile(let profile): profile.customer
    case .removed(let customer): customer
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    let customer = try CustomerVersion(reading: data)
    switch type {
    case "customer.profile": self = .profile(try Profile(of: customer, reading: data))
    case "customer.removed": self = .removed(customer)
    default: throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    customer.write(to: &data)
    if case .profile(let profile) = self { profile.write(to: &data) }
  }
}

public struct CustomerVersion: Equatable, Sendable {
  /// The core system's customer id.
  public let id: String
  /// At most 2^53 - 1, so that JavaScript writes it exactly.
  public let version: Int64

  public init(id: String, version: Int64) {
    self.id = id
    self.version = version
  }

  init(reading data: JSONObject) throws(Refusal) {
    id = try data.text("customerId", 1...60)
    version = try data.integer("version", 1...9_007_199_254_740_991)
  }

  func write(to data: inout JSONWriter) {
    data.member("customerId", id)
    data.member("version", version)
  }
}

extension CustomerProfile {
  public struct Profile: Equatable, Sendable {
    public var customer: CustomerVersion
    public var number: String?
    /// As written. It leaves the worker as a keyed hash only.
    public var idNumber: String?
    public var idType: String?
    public var name: String?
    public var otherNames: [String] = []
    /// The preferred one first.
    public var phones: [Phone] = []
    public var email: String?
    /// BCP 47.
    public var language: String?
    /// `1990-12-31`.
    public var birthday: String?
    public var level: String?
    public var riskRating: String?
    public var assets: Assets?
    public var tags: [String] = []
    /// At most one for a channel and a purpose; none says nothing.
    public var consents: [Consent] = []
    public var branch: String?
    public var manager: String?
    public var status = Status.active
    public var confidential = false

    public init(_ customer: CustomerVersion) { self.customer = customer }
  }

  public enum Status: String, CaseIterable, Sendable {
    case active, dormant, closed
  }

  public struct Phone: Equatable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
      case mobile, home, work, other
    }

    public let number: String
    /// ISO 3166-1 alpha-2, of a number in national form.
    public let country: String?
    public let kind: Kind?

    public init(_ number: String, country: String? = nil, kind: Kind? = nil) {
      self.number = number
      self.country = country
      self.kind = kind
    }
  }

  public struct Assets: Equatable, Sendable {
    public let amount: Money
    public let asOf: Timestamp

    public init(_ amount: Money, asOf: Timestamp) {
      self.amount = amount
      self.asOf = asOf
    }
  }

  public struct Consent: Equatable, Sendable {
    public enum Channel: String, CaseIterable, Sendable {
      case sms, email, fax, call
    }
    public enum Purpose: String, CaseIterable, Sendable {
      case transactional, service, marketing
    }

    public let channel: Channel
    public let purpose: Purpose
    public let given: Bool
    public let at: Timestamp
    /// Where it was said: `app`, `branch form`.
    public let source: String

    public init(_ channel: Channel, _ purpose: Purpose, given: Bool, at: Timestamp, source: String) {
      self.channel = channel
      self.purpose = purpose
      self.given = given
      self.at = at
      self.source = source
    }
  }
}
