import Contract
import Organisation
import Postgres
import Runtime
import Topics
import Values

/// Keeps the firm's people and branches as HR tells of them, and sees to what follows: what somebody leaves behind is
/// handed over, the leads of a closed branch move on, reminders that stay open reach a manager.
///
/// What is said counts by its own time, whenever it arrives; `Organisation` has the rules.
@main
struct KeepOrganisation: Worker {
  typealias Input = OrganisationChanged
  static let name = "keep-organisation"
  static var sweeps: [any Sweep.Type] {
    [SettlePeople.self, HandOver.self, EmptyClosedBranches.self, TendReminders.self]
  }

  struct State {
    var organisation: Organisation
    var unknownTimeZones: Set<String> = []
  }

  /// How far a clock of HR's may be ahead of the database's.
  static let tolerance: Int64 = 5 * 60

  static func load(
    _ changes: [Delivery<OrganisationChanged>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> State {
    let people = changes.compactMap { delivery -> String? in
      if case .person(let code) = delivery.event.subject { code } else { nil }
    }
    let zones = changes.compactMap { delivery -> String? in
      if case .opened(let opened) = delivery.event { opened.timeZone } else { nil }
    }
    var state = State(organisation: try Organisation.load(people: people, transaction))
    if !zones.isEmpty {
      state.unknownTimeZones = Set(
        try transaction.rows(
          "select z from unnest($1::text[]) z where not exists (select from pg_timezone_names n where n.name = z)"
        ) { $0.texts(zones) { $0 } }.map { $0.text(0) })
    }
    // Once as a trial: which branches people leave and come to is known only then, and those are to be locked first.
    let now = try transaction.moment()
    var trial = state
    for change in changes { _ = decide(change, &trial, now) }
    try trial.organisation.lockBranches(transaction)
    return state
  }

  static func decide(
    _ change: Delivery<OrganisationChanged>, _ state: inout State, _ now: Timestamp
  ) -> Decision<Void> {
    if change.happened > now.adding(seconds: tolerance) {
      return .reject(Refusal("from-the-future", at: "time", "it happens more than five minutes from now"))
    }
    switch change.event {
    case .onLeave(let leave):
      if let until = leave.until, until <= leave.from ?? change.happened {
        return .reject(Refusal("out-of-order", at: "until", "a leave ends after it begins"))
      }
    case .opened(let opened):
      if let zone = opened.timeZone, state.unknownTimeZones.contains(zone) {
        return .reject(Refusal("unknown-time-zone", at: "timeZone", "PostgreSQL knows no such time zone"))
      }
    default: break
    }
    switch state.organisation.take(change.facts) {
    case .changed: return .apply((), outcome: "changed")
    case .waits: return .apply((), outcome: "waits")
    // Said too late, or again: what it says is kept all the same.
    case .unchanged: return .apply((), outcome: "unchanged")
    }
  }

  static let writes: [Write<State, Void>] = Organisation.writes { $0.organisation }
}
