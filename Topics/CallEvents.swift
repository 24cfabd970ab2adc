public import Contract
public import JSON
public import Values

/// What telephone systems tell: what happened to a call, and what agents are doing.
///
/// When it happened is `at` in the data, not the envelope's time: two gateways that pass on one fact must not make two of it.
/// A repeat is known by what it says, so that nothing is kept of ids.
public enum CallEvents: Event, Equatable {
  case call(Call)
  case agent(Agent)

  /// Who called whom is in it, so that it is kept for a week only.
  public static let topic = Topic("call.events", key: "call id; of agent.changed the agent", origin: .versioned)
  public static let types = What.allCases.map { "call." + $0.rawValue } + ["agent.changed"]

  /// The types of calls, without `call.`.
  public enum What: String, Sendable, CaseIterable {
    case started, rang, answered, held, resumed, transferred, conferenced, ended, missed, voicemail, disposed
  }

  public enum Direction: String, Sendable, CaseIterable { case inbound, outbound, `internal` }
  public enum Party: String, Sendable, CaseIterable { case caller, agent, system }
  public enum State: String, Sendable, CaseIterable {
    case ready, busy
    case wrapUp = "wrap-up"
    case pause = "break"
    case off
  }

  /// Each type has some of these.
  public struct Call: Equatable, Sendable {
    public let what: What
    /// The telephone system's; unique among all systems that write here.
    public let call: String
    public let at: Timestamp
    public var direction: Direction?
    /// Numbers as the system writes them.
    public var from: String?
    public var to: String?
    /// ISO 3166-1 alpha-2: where national forms are to be read.
    public var country: String?
    /// The agent's code, login or extension.
    public var agent: String?
    public var queue: String?
    /// Another call that it belongs to.
    public var linked: String?
    /// A machine answered.
    public var automatic = false
    public var toQueue: String?
    public var toAgent: String?
    public var toNumber: String?
    /// Who hung up.
    public var by: Party?
    public var reason: String?
    public var disposition: String?

    public init(_ what: What, _ call: String, at: Timestamp) {
      self.what = what
      self.call = call
      self.at = at
    }
  }

  public struct Agent: Equatable, Sendable {
    public let agent: String
    public let at: Timestamp
    public let state: State
    public let reason: String?

    public init(_ agent: String, at: Timestamp, _ state: State, reason: String? = nil) {
      self.agent = agent
      self.at = at
      self.state = state
      self.reason = reason
    }
  }

  public var type: String {
    switch self {
    case .call(let call): CallEvents.names[call.what.place]
    case .agent: "agent.changed"
    }
  }

  public var key: String {
    switch self {
    case .call(let call): call.call
    case .agent(let agent): agent.agent
    }
  }

  private static let names = types
}

extension CallEvents.What {
  fileprivate var place: Int { CallEvents.What.allCases.firstIndex(of: self) ?? 0 }
}

// MARK: Reading and writing

extension CallEvents {
  public init(type: String, reading data: JSONObject) throws(Refusal) {
    if type == "agent.changed" {
      self = .agent(
        Agent(
          try data.text("agent", 1...60), at: try data.timestamp("at"), try data.choice("state"),
          reason: try data.optionalText("reason", 1...60)))
      return
    }
    guard let what = What(rawValue: String(type.dropFirst(5))) else {
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
    var call = Call(what, try data.text("callId", 1...100), at: try data.timestamp("at"))
    if what != .voicemail { call.agent = try data.optionalText("agent", 1...60) }
    switch what {
    case .started:
      call.direction = try data.choice("direction", of: Direction.self)
      call.from = try data.optionalText("from", 1...40)
      call.to = try data.optionalText("to", 1...40)
      call.country = try data.optionalCountry("country")
      call.queue = try data.optionalText("queue", 1...60)
      call.linked = try data.optionalText("linkedId", 1...100)
    case .rang: call.queue = try data.optionalText("queue", 1...60)
    case .answered:
      call.queue = try data.optionalText("queue", 1...60)
      call.automatic = try data.optionalBoolean("automatic") ?? false
    case .held, .resumed: break
    case .transferred:
      call.toQueue = try data.optionalText("toQueue", 1...60)
      call.toAgent = try data.optionalText("toAgent", 1...60)
      call.toNumber = try data.optionalText("toNumber", 1...40)
    case .conferenced:
      call.toAgent = try data.optionalText("toAgent", 1...60)
      call.toNumber = try data.optionalText("toNumber", 1...40)
    case .ended:
      call.by = try data.optionalChoice("by", of: Party.self)
      call.reason = try data.optionalText("reason", 1...60)
    case .missed:
      call.queue = try data.optionalText("queue", 1...60)
      call.reason = try data.optionalText("reason", 1...60)
    case .voicemail: call.queue = try data.optionalText("queue", 1...60)
    case .disposed: call.disposition = try data.optionalText("disposition", 1...60)
    }
    self = .call(call)
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .call(let call):
      data.member("callId", call.call)
      data.member("at", call.at)
      data.member("direction", call.direction?.rawValue)
      data.member("from", call.from)
      data.member("to", call.to)
      data.member("country", call.country)
      data.member("agent", call.agent)
      data.member("queue", call.queue)
      data.member("linkedId", call.linked)
      data.member("automatic", call.automatic ? true : nil)
      data.member("toQueue", call.toQueue)
      data.member("toAgent", call.toAgent)
      data.member("toNumber", call.toNumber)
      data.member("by", call.by?.rawValue)
      data.member("reason", call.reason)
      data.member("disposition", call.disposition)
    case .agent(let agent):
      data.member("agent", agent.agent)
      data.member("at", agent.at)
      data.member("state", agent.state.rawValue)
      data.member("reason", agent.reason)
    }
  }
}
