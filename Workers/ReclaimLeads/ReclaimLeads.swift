import Contract
import Digest
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Runs a lead's life once it was given to somebody: contact extends its protection, the end of protection takes it back,
/// the pool gives it to whoever claims it first, and managers assign and transfer.
@main
struct ReclaimLeads: Worker {
  typealias Input = LeadActivity
  static let name = "reclaim-leads"
  static var sweeps: [any Sweep.Type] { [ReclaimDueLeads.self, CheckLeads.self, PassOnPooledLeads.self] }
  static var settings: SettingGroup? { SettingGroup("Leads", Setting.dayEndGrace, Setting.commandSecrets) }

  static func load(
    _ activities: [Delivery<LeadActivity>], _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> LeadBook {
    let commands = try Statements.commands(activities.compactMap(\.event.deed?.command), transaction)
    var book = try LeadBook(leads: activities.compactMap(\.event.deed?.lead), transaction)
    book.commands = commands
    book.decided = Set(commands.values.lazy.filter(\.isSettled).map(\.id))
    var wanted = LeadBook.Wanted()
    var callers: [ObjectIdentifier: Caller] = [:]
    for activity in activities {
      let caller = Caller(activity, commands, cache.secrets)
      callers[ObjectIdentifier(activity)] = caller
      wanted.add(activity, caller, book.leads)
    }
    book.callers = callers
    try book.fill(wanted, transaction)
    return book
  }

  static func decide(
    _ activity: Delivery<LeadActivity>, _ book: inout LeadBook, _ now: Timestamp
  ) -> Decision<LifeChange> {
    if case .dayEnded(let code, let until) = activity.event { return book.endDay(code, until, activity) }
    guard let caller = book.callers[ObjectIdentifier(activity)], let deed = activity.event.deed else {
      return .ignore("no-deed")
    }
    let person: Caller.Person
    switch caller {
    case .refused(let refusal): return .reject(refusal)
    case .person(let found): person = found
    }
    guard let lead = book.leads[deed.lead] else {
      return .reject(Refusal("unknown-lead", at: "leadId", "there is no lead with this number"))
    }
    guard let actor = book.person(person) else {
      return .reject(Refusal("unknown-person", at: "by", "no person has this code"))
    }
    if let command = person.command, !book.decided.insert(command).inserted {
      return .reject(Refusal("not-a-command", at: "command", "this command has been decided already"))
    }
    let act = Act(activity, lead, by: actor, person.command)
    if activity.event.isCommand, activity.signature != nil,
      person.happened < book.at.adding(seconds: -CommandSecrets.age)
    {
      return book.decline(act, "stale")
    }
    switch activity.event {
    case .contacted(_, let automatic, _): return book.contact(act, at: person.happened, automatic: automatic)
    case .claimed: return book.claim(act)
    case .released: return book.release(act)
    case .assigned(_, let branch, let receiver): return book.assign(act, branch: branch, person: receiver)
    case .dayEnded: return .ignore("no-deed")
    }
  }

  static let writes = LifeChange.writes
}

extension Setting<Duration> {
  static var dayEndGrace: Setting {
    Setting(
      "DAY_END_GRACE", .duration(.zero...(.seconds(86_400))), default: .seconds(7200),
      "how long after the end of protection contacts before it may still be told; less where a day.ended says that all were"
    )
  }
}

/// What a lane keeps between batches.
struct LifeCache: LaneCache {
  let secrets: CommandSecrets
  let grace: Duration
  /// Where the lane's sweep has got to.
  var floor = Floor()
  /// Whose leads were taken back lately. Codes never change; whoever has moved to another branch meanwhile is found out by the
  /// write that counts their leads, and then all of this is forgotten.
  var owners: [Int64: Reclaiming.Owner] = [:]
  /// Day-end markers whose leads were taken back, by branch.
  var sweptMarkers: [Int64: Timestamp] = [:]

  init(secrets: CommandSecrets, grace: Duration) {
    self.secrets = secrets
    self.grace = grace
  }

  init(_ settings: Settings) {
    secrets = CommandSecrets(settings)
    grace = settings[.dayEndGrace]
  }
}
