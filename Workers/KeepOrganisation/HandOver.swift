import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// Hands over what somebody who left or moved has: leads, then reminders, then customers, in chunks, one hand-over
/// after the other. Who gets it is decided anew for each chunk, so that a successor who leaves in the midst gets no
/// more.
///
/// A successor who is named gets everything: a person said so. By rule the branch's own manager takes leads as far as
/// they have room; the rest goes back into the branch's rotation. Customers and reminders go to the nearest manager
/// upwards.
enum HandOver: Sweep {
  static let name = "hand-over"

  /// One hand-over as it stands.
  struct Task: Sendable {
    let id: Int64
    let cause: String
    let person: Int64
    let code: String
    let branch: Int64
    let fromBranch: Int64?
    let follows: Bool
    let successor: String?
    let phase: String
    let receiver: Int64?

    var waits: Bool { !follows && successor != nil && receiver == nil }
  }

  enum Item: Sendable {
    case lead(Task, LeadInHand)
    case reminder(Task, Int64)
    case customer(Task, Int64)
    case finished(Task, next: String)
    case waits(Task)

    var task: Task {
      switch self {
      case .lead(let task, _), .reminder(let task, _), .customer(let task, _), .finished(let task, _),
        .waits(let task):
        task
      }
    }
  }

  struct LeadInHand: Sendable {
    let id: Int64
    let version: Int32
    let branch: Int64
    let region: String?
    let place: LeadClock.Place
    let protectedUntil: Timestamp
    let checkAt: Timestamp?
    let since: Timestamp?
  }

  static func label(_ item: Item) -> String {
    switch item {
    case .lead(_, let lead): "lead \(lead.id)"
    case .reminder(_, let id): "reminder \(id)"
    case .customer(_, let id): "customer \(id)"
    case .finished(let task, _), .waits(let task): "hand-over \(task.id)"
    }
  }

  static func decide(_ item: Item, _ state: inout HandOverState, _ now: Timestamp) -> Decision<HandOverChange> {
    switch item {
    case .lead(let task, let lead): state.hand(lead, of: task, now)
    case .reminder(let task, let id): .apply(.reminder(task, id, to: state.receiver?.id), outcome: "reminder")
    case .customer(let task, let id):
      state.receiver.map { .apply(.customer(task, id, to: $0.id), outcome: "customer") } ?? .ignore("no-receiver")
    case .finished(let task, let next): .apply(.finished(task, next: next), outcome: "phase-finished")
    case .waits(let task): .apply(.waits(task, since: now), outcome: "successor-unknown")
    }
  }

  static let writes = HandOverChange.writes
}
