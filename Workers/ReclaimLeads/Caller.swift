import Contract
import Digest
import Topics
import Values

/// Who did what an event tells, if that is to be believed.
enum Caller {
  case person(Person)
  case refused(Refusal)

  struct Person {
    let name: Name
    /// When a contact happened.
    let happened: Timestamp
    /// The command that the database stamped.
    let command: Fingerprint?

    enum Name {
      case code(String)
      case id(Int64)
    }
  }

  /// A command of the database counts as what the database says it is, whatever the event says: the event only names it.
  init(
    _ activity: Delivery<LeadActivity>, _ commands: [Fingerprint: StampedCommand], _ secrets: CommandSecrets
  ) {
    guard let deed = activity.event.deed else {
      self = .refused(Refusal("not-a-command", "nobody does this about a lead"))
      return
    }
    if let number = deed.command {
      guard let id = Fingerprint(uuid: number), let command = commands[id], command.lead == deed.lead,
        "lead." + command.what == activity.event.type
      else {
        self = .refused(Refusal("not-a-command", at: "command", "the database knows no such command about this lead"))
        return
      }
      self = .person(
        Person(name: .id(command.person), happened: command.happened ?? command.at, command: id))
      return
    }
    // A fact that nobody has signed is anybody's to tell.
    if activity.event.isCommand || activity.signature != nil, let refusal = secrets.refusal(of: activity) {
      self = .refused(refusal)
      return
    }
    guard let code = deed.by else {
      self = .refused(Refusal("missing", at: "by", "it must be said who did it"))
      return
    }
    self = .person(Person(name: .code(code), happened: activity.happened, command: nil))
  }
}

/// A row of `command`.
struct StampedCommand {
  let id: Fingerprint
  let at: Timestamp
  let person: Int64
  let what: String
  let lead: Int64
  let toBranch: Int64?
  let toPerson: Int64?
  let happened: Timestamp?
  let transfer: Int64?
  let isSettled: Bool
}

extension Fingerprint {
  /// From a UUID's text, in either case.
  init?(uuid text: String) {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
    guard text.utf8.count == 36, digits.count == 32,
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }
}
