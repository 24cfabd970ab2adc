public import Contract
public import JSON
public import Values

/// What customers are worth to the firm, as core systems tell at the end of a day or at once. Each event is a fact of its own, known by
/// its source and id; they may come in any order.
public struct CustomerValue: Event, Equatable {
  public static let topic = Topic("customer.value", key: "customer id", origin: .outside)
  public static let types = Kind.allCases.map { "customer." + $0.rawValue }

  public enum Kind: String, Sendable, CaseIterable {
    /// All that the customer has with the firm at that moment.
    case valued
    /// What the customer brought to the firm then.
    case funded
    /// What the firm earned with the customer then: commissions, fees, interest.
    case earned
  }

  public let kind: Kind
  /// The core system's customer id.
  public let customer: String
  public let value: Money
  public let at: Timestamp

  public init(_ kind: Kind, customer: String, _ value: Money, at: Timestamp) {
    (self.kind, self.customer, self.value, self.at) = (kind, customer, value, at)
  }

  public var type: String { "customer." + kind.rawValue }
  public var key: String { customer }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    guard let place = Self.types.firstIndex(of: type) else {
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
    kind = Kind.allCases[place]
    customer = try data.text("customerId", 1...60)
    value = try data.object("value").money()
    at = try data.timestamp("at")
  }

  public func write(to data: inout JSONWriter) {
    data.member("customerId", customer)
    data.member("value", value)
    data.member("at", at)
  }
}
