public import Contract
public import JSON
public import Values

/// What comes back of messages: what gateways tell of them, what people answer, and what people do with them. A receipt told twice
/// says the same, so that nothing is kept of ids.
public enum OutreachReceipts: Event, Equatable {
  case receipt(Receipt)
  case inbound(Inbound)
  case engagement(Engagement)

  /// Who wrote what is in it, so that it is kept for a week only.
  public static let topic = Topic(
    "outreach.receipts", key: "provider message id; of an answer its sender; of what people do our message's number",
    origin: .versioned)
  public static let types = [
    "receipt.told", "message.received", "recipient.unsubscribed", "recipient.complained", "recipient.opened",
    "recipient.clicked",
  ]

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
    /// From 1: which part it is told of, where the gateway calls all parts of a message the same.
    public let part: Int32?
    /// When it became so; else when it was told.
    public let at: Timestamp?

    public init(
      gateway: String, messageID: String? = nil, reference: String? = nil, _ status: Status, code: String? = nil,
      detail: String? = nil, part: Int32? = nil, at: Timestamp? = nil
    ) {
      self.gateway = gateway
      self.messageID = messageID
      self.reference = reference
      self.status = status
      self.code = code
      self.detail = detail
      self.part = part
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

  /// What a recipient did with a message, as links in it and mailbox providers tell.
  public struct Engagement: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
      case unsubscribed(Way)
      /// The kind of feedback, as the provider says (RFC 5965): `abuse`.
      case complained(String?)
      case opened(Agent)
      case clicked(url: String, Agent)
    }

    public enum Way: String, Sendable, CaseIterable {
      /// By the mail program itself (RFC 8058).
      case oneClick = "one-click"
      case page
    }

    /// Who asked for a link, as far as that can be told.
    public enum Agent: String, Sendable, CaseIterable { case person, machine, unknown }

    /// The message's number in the ledger.
    public let message: Int64
    public let kind: Kind
    public let at: Timestamp?

    public init(message: Int64, _ kind: Kind, at: Timestamp? = nil) {
      self.message = message
      self.kind = kind
      self.at = at
    }
  }

  public var type: String {
    switch self {
    case .receipt: Self.types[0]
    case .inbound: Self.types[1]
    case .engagement(let engagement): engagement.kind.type
    }
  }

  public var key: String {
    switch self {
    case .receipt(let receipt): receipt.messageID ?? receipt.reference ?? receipt.gateway
    case .inbound(let inbound): inbound.from
    case .engagement(let engagement): String(engagement.message)
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case Self.types[0]: self = .receipt(try Receipt(reading: data))
    case Self.types[1]: self = .inbound(try Inbound(reading: data))
    default:
      let message = try data.integer("message", 1...(1 << 53 - 1))
      let kind = try Engagement.Kind(type: type, reading: data)
      self = .engagement(Engagement(message: message, kind, at: try data.optionalTimestamp("at")))
    }
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .receipt(let receipt): receipt.write(to: &data)
    case .inbound(let inbound): inbound.write(to: &data)
    case .engagement(let engagement):
      data.member("message", engagement.message)
      engagement.kind.write(to: &data)
      data.member("at", engagement.at)
    }
  }
}

extension OutreachReceipts.Receipt {
  fileprivate init(reading data: JSONObject) throws(Refusal) {
    let gateway = try data.text("gateway", 1...63)
    let id = try data.optionalText("messageId", 1...200)
    let reference = try data.optionalText("reference", 1...100)
    guard id != nil || reference != nil else {
      throw Refusal("missing", at: data.path("messageId"), "either messageId or reference is required")
    }
    let part = try data.optionalInteger("part", 1...255)
    self.init(
      gateway: gateway, messageID: id, reference: reference, try data.choice("status"),
      code: try data.optionalText("code", 1...100), detail: try data.optionalText("detail", 1...500),
      part: part.map { Int32($0) }, at: try data.optionalTimestamp("at"))
  }

  fileprivate func write(to data: inout JSONWriter) {
    data.member("gateway", gateway)
    data.member("messageId", messageID)
    data.member("reference", reference)
    data.member("status", status.rawValue)
    data.member("code", code)
    data.member("detail", detail)
    data.member("part", part.map { Int64($0) })
    data.member("at", at)
  }
}

extension OutreachReceipts.Inbound {
  fileprivate init(reading data: JSONObject) throws(Refusal) {
    self.init(
      gateway: try data.text("gateway", 1...63), from: try data.text("from", 1...64),
      to: try data.optionalText("to", 1...64), text: try data.text("text", 0...5000),
      at: try data.optionalTimestamp("at"))
  }

  fileprivate func write(to data: inout JSONWriter) {
    data.member("gateway", gateway)
    data.member("from", from)
    data.member("to", to)
    data.member("text", text)
    data.member("at", at)
  }
}

extension OutreachReceipts.Engagement.Kind {
  fileprivate var type: String {
    switch self {
    case .unsubscribed: OutreachReceipts.types[2]
    case .complained: OutreachReceipts.types[3]
    case .opened: OutreachReceipts.types[4]
    case .clicked: OutreachReceipts.types[5]
    }
  }

  fileprivate init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case OutreachReceipts.types[2]: self = .unsubscribed(try data.choice("way"))
    case OutreachReceipts.types[3]: self = .complained(try data.optionalText("kind", 1...60))
    case OutreachReceipts.types[4]: self = .opened(try data.choice("agent"))
    case OutreachReceipts.types[5]: self = .clicked(url: try data.text("url", 1...2000), try data.choice("agent"))
    default:
      throw Refusal("unknown-type", "this topic carries \(OutreachReceipts.types.joined(separator: ", "))")
    }
  }

  fileprivate func write(to data: inout JSONWriter) {
    switch self {
    case .unsubscribed(let way): data.member("way", way.rawValue)
    case .complained(let kind): data.member("kind", kind)
    case .opened(let agent): data.member("agent", agent.rawValue)
    case .clicked(let url, let agent):
      data.member("url", url)
      data.member("agent", agent.rawValue)
    }
  }
}
