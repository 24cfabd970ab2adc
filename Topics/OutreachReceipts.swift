public import Contract
public import JSON
public import Values

/// What gateways tell: what became of a message, and what people answer. Told twice it says the same, so that nothing is kept of
/// ids.
public enum OutreachReceipts: Event, Equatable {
  case receipt(Receipt)
  case inbound(Inbound)

  /// Who wrote what is in it, so that it is kept for a week only.
  public static let topic = Topic(
    "outreach.receipts", key: "provider message id; of an answer its sender", origin: .versioned)
  public static let types = ["receipt.told", "message.received"]

  public enum Status: String, Sendable, CaseIterable {
    /// The carrier has it.
    case accepted
    /// The carrier tries.
    case buffered
    case delivered
    case failed
  }

  public struct Receipt: Equatable, Sendable {
    /// As the firm has named it.
    public let gateway: String
    /// What the gateway calls the message: opaque.
    public let messageID: String?
    /// What we have called it, where the gateway says that.
    public let reference: String?
    public let status: Status
    /// The gateway's own word or number for it.
    public let code: String?
    public let detail: String?
    /// When it became so; else when it was told.
    public let at: Timestamp?

    public init(
      gateway: String, messageID: String? = nil, reference: String? = nil, _ status: Status, code: String? = nil,
      detail: String? = nil, at: Timestamp? = nil
    ) {
      self.gateway = gateway
      self.messageID = messageID
      self.reference = reference
      self.status = status
      self.code = code
      self.detail = detail
      self.at = at
    }
  }

  public struct Inbound: Equatable, Sendable {
    public let gateway: String
    public let from: String
    /// The number that was written to.
    public let to: String?
    public let text: String
    public let at: Timestamp?

    public init(gateway: String, from: String, to: String? = nil, text: String, at: Timestamp? = nil) {
      self.gateway = gateway
      self.from = from
      self.to = to
      self.text = text
      self.at = at
    }
  }

  public var type: String {
    switch self {
    case .receipt: Self.types[0]
    case .inbound: Self.types[1]
    }
  }

  public var key: String {
    switch self {
    case .receipt(let receipt): receipt.messageID ?? receipt.reference ?? receipt.gateway
    case .inbound(let inbound): inbound.from
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    let gateway = try data.text("gateway", 1...63)
    let at = try data.optionalTimestamp("at")
    guard type == Self.types[0] else {
      self = .inbound(
        Inbound(
          gateway: gateway, from: try data.text("from", 1...64), to: try data.optionalText("to", 1...64),
          text: try data.text("text", 0...5000), at: at))
      return
    }
    let id = try data.optionalText("messageId", 1...200)
    let reference = try data.optionalText("reference", 1...100)
    guard id != nil || reference != nil else {
      throw Refusal("missing", at: data.path("messageId"), "either messageId or reference is required")
    }
    self = .receipt(
      Receipt(
        gateway: gateway, messageID: id, reference: reference, try data.choice("status"),
        code: try data.optionalText("code", 1...100), detail: try data.optionalText("detail", 1...500), at: at))
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .receipt(let receipt):
      data.member("gateway", receipt.gateway)
      data.member("messageId", receipt.messageID)
      data.member("reference", receipt.reference)
      data.member("status", receipt.status.rawValue)
      data.member("code", receipt.code)
      data.member("detail", receipt.detail)
      data.member("at", receipt.at)
    case .inbound(let inbound):
      data.member("gateway", inbound.gateway)
      data.member("from", inbound.from)
      data.member("to", inbound.to)
      data.member("text", inbound.text)
      data.member("at", inbound.at)
    }
  }
}
