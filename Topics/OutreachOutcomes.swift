public import Contract
public import JSON
public import Values

/// What became of a message, one event for each step forward, and what its recipient did with it; in order by message.
public struct OutreachOutcomes: Event, Equatable {
  public static let topic = Topic("outreach.outcomes", key: "message id", origin: .relay)
  public static let types = Step.allCases.map { "message." + $0.rawValue }

  public enum Step: String, Sendable, CaseIterable {
    case accepted, delivered, failed, expired, skipped, uncertain, cancelled
    /// Told once a message; of `opened` and of each link `clicked` once more where only machines had done it before.
    case opened, clicked, replied, unsubscribed, complained
  }

  private enum Channel: String, CaseIterable { case sms, email, fax }

  /// `millrace outreach show` takes it.
  public let id: Int64
  public let step: Step
  /// `sms`, `email` or `fax`.
  public let channel: String
  public let purpose: MessageRequest.Purpose
  /// Why, a kebab-case word; nil where the step says it all.
  public let reason: String?
  /// CloudEvents source and id of what asked for the message.
  public let source: String
  public let request: String
  public let gateway: String?
  /// What it costs, once it is accepted.
  public let cost: Money?
  /// Of `accepted`: how many short messages its text needed; nil where nobody knows.
  public let parts: Int32?
  /// Of `clicked`: where the link leads.
  public let url: String?
  /// Of `opened` and `clicked`: whether a program did it; nil where nobody can tell.
  public let machine: Bool?
  /// Of `clicked` and `replied`: true where it is the first thing that its recipient did in answer to the message.
  public let firstResponse: Bool?
  public let at: Timestamp

  public init(
    id: Int64, _ step: Step, channel: String, purpose: MessageRequest.Purpose, reason: String? = nil, source: String,
    request: String, gateway: String? = nil, cost: Money? = nil, parts: Int32? = nil, url: String? = nil,
    machine: Bool? = nil, firstResponse: Bool? = nil, at: Timestamp
  ) {
    self.id = id
    self.step = step
    self.channel = channel
    self.purpose = purpose
    self.reason = reason
    self.source = source
    self.request = request
    self.gateway = gateway
    self.cost = cost
    self.parts = parts
    self.url = url
    self.machine = machine
    self.firstResponse = firstResponse
    self.at = at
  }

  /// Of a message that has gone on before anybody knew that its gateway had it: its acceptance, with what it cost, and then this step.
  public var afterAcceptance: [OutreachOutcomes] {
    guard step == .delivered || step == .failed else { return [self] }
    let accepted = OutreachOutcomes(
      id: id, .accepted, channel: channel, purpose: purpose, source: source, request: request, gateway: gateway,
      cost: cost, parts: parts, at: at)
    let settled = OutreachOutcomes(
      id: id, step, channel: channel, purpose: purpose, reason: reason, source: source, request: request,
      gateway: gateway, at: at)
    return [accepted, settled]
  }

  public var type: String { Self.types[step.place] }
  public var key: String { String(id) }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    guard let place = Self.types.firstIndex(of: type) else {
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
    step = Step.allCases[place]
    id = try data.integer("id", 1...(1 << 53 - 1))
    channel = (try data.choice("channel", of: Channel.self)).rawValue
    purpose = try data.choice("purpose")
    reason = try data.optionalText("reason", 1...60)
    source = try data.text("source", 1...400)
    request = try data.text("request", 1...400)
    gateway = try data.optionalText("gateway", 1...63)
    cost = try data.optionalMoney("cost")
    parts = step == .accepted ? try data.optionalInteger("parts", 1...1_000).map { Int32($0) } : nil
    url = step == .clicked ? try data.text("url", 1...2000) : nil
    machine = step == .clicked || step == .opened ? try data.optionalBoolean("machine") : nil
    firstResponse = step == .clicked || step == .replied ? try data.optionalBoolean("firstResponse") : nil
    at = try data.timestamp("at")
  }

  public func write(to data: inout JSONWriter) {
    data.member("id", id)
    data.member("channel", channel)
    data.member("purpose", purpose.rawValue)
    data.member("reason", reason)
    data.member("source", source)
    data.member("request", request)
    data.member("gateway", gateway)
    data.member("cost", cost)
    data.member("parts", parts.map { Int64($0) })
    data.member("url", url)
    data.member("machine", machine)
    data.member("firstResponse", firstResponse)
    data.member("at", at)
  }
}

extension OutreachOutcomes.Step {
  fileprivate var place: Int { OutreachOutcomes.Step.allCases.firstIndex(of: self) ?? 0 }
}
