import Calls
import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// What one transaction knows of its calls: as they were, and as its events make them. Because a call is concluded from the
/// set of all that is known of it, an event that is seen here and read again later changes nothing.
struct CallBook {
  /// All that goes by one id: a call for each use of it.
  struct Call {
    let id: String
    /// In order; none for an id that nobody knew.
    let rows: [Kept]
    let factsBefore: CallFacts
    var facts: CallFacts
    /// What the facts come to.
    var uses: [Use] = []
    /// Decided in this batch already.
    var isConcluded = false

    init(id: String, rows: [Kept] = []) {
      self.id = id
      self.rows = rows
      factsBefore = rows.count == 1 ? rows[0].facts : CallFacts(joining: rows.map(\.facts))
      facts = factsBefore
    }
  }

  /// A call's row as it was read.
  struct Kept {
    let use: Int32
    let version: Int32
    let facts: CallFacts
    let memory: Memory
  }

  /// What is not concluded from facts.
  struct Memory: Equatable {
    var who = Who()
    /// What the clock has made of it so far; nil where nobody asked.
    var contact: String?
  }

  struct Use {
    let told: CallUse
    var memory: Memory
    var story: CallStory { told.story }
  }

  /// Whose phone the other party's is.
  struct Who: Equatable {
    var phone: Int64?
    var lead: Int64?
    var customers: [Int64] = []
  }

  struct Person {
    let id: Int64
    let code: String
  }

  struct LeadContact: Hashable {
    let lead: Int64
    let at: Timestamp
  }

  var readings: [ObjectIdentifier: CallReading] = [:]
  var calls: [String: Call] = [:]
  var leads: [Int64: Lead] = [:]
  /// By what telephone systems call them.
  var people: [String: Person] = [:]
  var clocks: [LeadContact: LeadClock.Protection] = [:]
  let terms: CallTerms
  /// The database's clock.
  var at: Timestamp
  /// What this batch changes in the figures.
  var figures = CallFigures()

  init(terms: CallTerms, at: Timestamp) {
    self.terms = terms
    self.at = at
  }
}

// MARK: Loading

extension CallBook {
  init(
    _ events: [Delivery<CallEvents>], _ terms: CallTerms, _ transaction: Transaction
  ) throws(PostgresError) {
    var ids: Set<String> = []
    for event in events { if case .call(let call) = event.event { ids.insert(call.call) } }
    let (known, at) = try Statements.calls(ids.sorted(), transaction)
    self.init(terms: terms, at: at)
    calls = known
    for event in events { read(event) }
    for id in ids where calls[id] != nil { tell(id) }
    try match(transaction)
    try readLeads(transaction)
  }

  /// Puts an event's fact to the others of its call.
  private mutating func read(_ event: Delivery<CallEvents>) {
    let reading: CallReading
    switch event.event {
    case .agent(let agent):
      reading = CallReading.fault(in: agent.at, at).map { .refused($0) } ?? .agent(AgentState(agent))
    case .call(let told):
      if let fault = CallReading.fault(in: told.at, at) {
        reading = .refused(fault)
      } else {
        reading = add(CallFact(told), to: told.call)
      }
    }
    readings[ObjectIdentifier(event)] = reading
  }

  mutating func add(_ fact: CallFact, to id: String) -> CallReading {
    var call = calls.removeValue(forKey: id) ?? Call(id: id)
    defer { calls[id] = call }
    if call.facts.contains(fact) { return .repeated }
    if CallUse.isFull(call.facts, for: fact) { return .refused(CallReading.tooMany) }
    call.facts.add(fact)
    return .call(id)
  }

  mutating func tell(_ id: String) {
    guard let call = calls[id] else { return }
    calls[id]?.uses = CallUse.uses(of: call.facts).map { Use(told: $0, memory: call.memory(of: $0)) }
  }

  /// Finds out whose phone it is where that has just become known.
  private mutating func match(_ transaction: Transaction) throws(PostgresError) {
    var phones: Set<Int64> = []
    for call in calls.values {
      for use in call.uses {
        if let phone = use.story.phone, phone != use.memory.who.phone { phones.insert(phone) }
      }
    }
    guard !phones.isEmpty else { return }
    let found = try Statements.owners(of: phones.sorted(), transaction)
    for (id, call) in calls {
      for (place, use) in call.uses.enumerated() {
        guard let phone = use.story.phone, phone != use.memory.who.phone else { continue }
        calls[id]?.uses[place].memory.who = found[phone] ?? Who(phone: phone)
      }
    }
  }

  /// Locks the leads with whom there was a conversation that their clocks do not know of, sorted.
  private mutating func readLeads(_ transaction: Transaction) throws(PostgresError) {
    var talks: [(lead: Int64, talk: CallStory.Talk)] = []
    for use in calls.values.lazy.flatMap(\.uses) {
      guard let lead = use.memory.who.lead, use.isUntold else { continue }
      for talk in use.story.conversations(atLeast: terms.talk) { talks.append((lead, talk)) }
    }
    guard !talks.isEmpty else { return }
    leads = try Statements.lockedLeads(Set(talks.map(\.lead)).sorted(), transaction)
    people = try Statements.people(Set(talks.map(\.talk.agent)).sorted(), transaction)
    var keys: [LeadContact] = []
    var runs: [LeadClock.Run] = []
    for (id, talk) in talks {
      guard let lead = leads[id], lead.isOwned, lead.owner == people[talk.agent]?.id, let since = lead.protectedSince,
        let branch = lead.branch
      else { continue }
      keys.append(LeadContact(lead: id, at: talk.since))
      let place = LeadClock.Place(branch: branch, product: lead.product, level: lead.level)
      runs.append(LeadClock.Run(contact: talk.since, since: since, at: place))
    }
    for (key, clock) in zip(keys, try LeadClock.running(runs, now: at, transaction)) { clocks[key] = clock }
  }
}

extension CallBook.Call {
  /// What is remembered of a use, by whatever row had its facts: an earlier use that is told later moves rows on.
  fileprivate func memory(of use: CallUse) -> CallBook.Memory {
    if rows.count == 1, use.number == 1, use.facts == facts { return rows[0].memory }
    let had = rows.filter { row in
      (row.facts.all.first { $0.kind == .started } ?? row.facts.all.first { $0.kind != .closed })
        .map { use.facts.contains($0) } ?? false
    }
    return (had.first { !$0.memory.isUntold } ?? had.first)?.memory ?? CallBook.Memory()
  }

  func version(of use: Int32) -> Int32 { rows.first { $0.use == use }?.version ?? 0 }
}

extension CallBook.Memory {
  /// The clock of its lead has not been run for it yet.
  fileprivate var isUntold: Bool { contact != "contacted" && contact != "told" }
}

extension CallBook.Use {
  var isUntold: Bool { memory.isUntold }
}
