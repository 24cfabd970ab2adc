import Calls
import Contract
import LeadClock
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Keeps a row for each call, whatever order its events come in, adds it to the figures, runs the clock of the lead that was
/// talked to, and sees to it that whoever was missed is called back.
@main
struct TrackCalls: Worker {
  typealias Input = CallEvents
  static let name = "track-calls"
  static var sweeps: [any Sweep.Type] { [CloseCalls.self, TendCallBacks.self, MarkOverlaps.self] }
  static var settings: SettingGroup? { SettingGroup("Calls", Setting.qualifyingTalk, Setting.callBackAfter) }

  static func load(
    _ events: [Delivery<CallEvents>], _ cache: inout CallTerms, _ transaction: Transaction
  ) throws(PostgresError) -> CallBook {
    try CallBook(events, cache, transaction)
  }

  static func decide(
    _ event: Delivery<CallEvents>, _ book: inout CallBook, _ now: Timestamp
  ) -> Decision<CallChange> {
    switch book.readings[ObjectIdentifier(event)] {
    case .refused(let refusal): return .reject(refusal)
    case .agent(let state): return .apply(CallChange(agent: state), outcome: "agent-changed")
    case .repeated: return .ignore("repeat")
    case .call(let id): return book.conclude(id, event)
    case nil: return .ignore("unread")
    }
  }

  static let writes = CallChange.writes
}

extension Setting<Duration> {
  static var qualifyingTalk: Setting {
    Setting(
      "QUALIFYING_TALK", .duration(.zero...(.seconds(3600))), default: .seconds(10),
      "how long a person must have talked for it to be a conversation: one that protects a lead and settles a call-back"
    )
  }

  static var callBackAfter: Setting {
    Setting(
      "CALL_BACK_AFTER", .duration(.zero...(.seconds(3600))), default: .seconds(60),
      "how long after a missed call is known somebody is told to call back: its other events may still be on their way")
  }
}

/// What is set.
struct CallTerms: LaneCache {
  var talk: Duration
  var callBackAfter: Duration

  init(talk: Duration = .seconds(10), callBackAfter: Duration = .seconds(60)) {
    self.talk = talk
    self.callBackAfter = callBackAfter
  }

  init(_ settings: Settings) {
    talk = settings[.qualifyingTalk]
    callBackAfter = settings[.callBackAfter]
  }
}
