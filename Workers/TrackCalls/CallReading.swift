import Calls
import Contract
import PhoneNumbers
import Topics
import Values

/// What an event turned out to be, before anything is decided.
enum CallReading {
  case call(String)
  case agent(AgentState)
  case repeated
  case refused(Refusal)

  /// Seconds that a clock elsewhere may be ahead of the database's.
  private static let skew: Int64 = 300
  /// 2000-01-01: what is older is no time of a call.
  private static let earliest = Timestamp(microseconds: 946_684_800_000_000)

  /// Why a time is none, whatever else is told; nil where it is one.
  static func fault(in at: Timestamp, _ now: Timestamp) -> Refusal? {
    if at > now.adding(seconds: skew) {
      return Refusal("in-the-future", at: "at", "it lies more than five minutes ahead of the database's clock")
    }
    if at < earliest { return Refusal("implausible-time", at: "at", "a time from the year 2000 on was expected") }
    return nil
  }

  static var tooMany: Refusal {
    Refusal("too-many", at: "callId", "at most \(CallFacts.most) different events are taken of one call")
  }
}

struct AgentState: Sendable {
  let agent: String
  let at: Timestamp
  let state: String
  let reason: String?

  init(_ agent: CallEvents.Agent) {
    self.agent = agent.agent
    at = agent.at
    state = agent.state.rawValue
    reason = agent.reason
  }
}

extension CallFact {
  init(_ call: CallEvents.Call) {
    let agent = call.agent ?? ""
    switch call.what {
    case .started:
      let isInternal = call.direction == .internal
      self.init(
        .started, at: call.at, agent: agent, queue: call.queue ?? "",
        from: isInternal ? call.from ?? "" : CallFact.number(call.from, call.country),
        to: isInternal ? call.to ?? "" : CallFact.number(call.to, call.country), word: call.direction?.rawValue ?? "",
        other: call.linked ?? "")
    case .rang: self.init(.rang, at: call.at, agent: agent, queue: call.queue ?? "")
    case .answered:
      self.init(
        .answered, at: call.at, agent: agent, queue: call.queue ?? "", word: call.automatic ? "automatic" : "")
    case .held: self.init(.held, at: call.at, agent: agent)
    case .resumed: self.init(.resumed, at: call.at, agent: agent)
    case .transferred:
      self.init(
        .transferred, at: call.at, agent: agent, queue: call.toQueue ?? "", to: CallFact.number(call.toNumber, nil),
        other: call.toAgent ?? "")
    case .conferenced:
      self.init(
        .conferenced, at: call.at, agent: agent, to: CallFact.number(call.toNumber, nil), other: call.toAgent ?? "")
    case .ended: self.init(.ended, at: call.at, agent: agent, word: call.by?.rawValue ?? "", other: call.reason ?? "")
    case .missed: self.init(.missed, at: call.at, agent: agent, queue: call.queue ?? "", word: call.reason ?? "")
    case .voicemail: self.init(.voicemail, at: call.at, queue: call.queue ?? "")
    case .disposed: self.init(.disposed, at: call.at, agent: agent, word: call.disposition ?? "")
    }
  }

  /// A national form without a country is read as mainland China's.
  private static let home = PhoneCountry("CN")

  /// E.164 where it can be dialled from outside; an extension, `anonymous` and the like stay as they are.
  private static func number(_ text: String?, _ country: String?) -> String {
    guard let text else { return "" }
    do throws(PhoneNumber.Refusal) {
      let number = try PhoneNumber(parsing: text, in: country.map { PhoneCountry($0) } ?? home)
      return number.possibility == .possible ? number.e164 : text
    } catch {
      return text
    }
  }
}
