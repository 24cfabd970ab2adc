internal import Values

/// A firm as files describe it. A section that the files leave out is nil and stays as it is in the database.
struct Firm {
  struct Branch: Equatable {
    var code: String
    var name: String
    var parent: String?
    var level: String
    var timeZone = "Asia/Shanghai"
    var dayEnd = "24:00"
    /// nil: people are always at work.
    var calendar: String?
    var method = "round-robin"
    var catchUp: Int64 = 3
    /// Minutes of working time; nil is never.
    var heldReminder: Int64? = 240
  }

  struct Person: Equatable {
    var code: String
    var name: String
    var branch: String
    var active = true
    var weight: Int64 = 1
    /// nil is without bound, here and in the caps.
    var capacity: Int64?
    var dailyCap: Int64?
    var weeklyCap: Int64?
    /// nil: the branch's.
    var calendar: String?
    var manager = false
    var login: String?
    var leaveFrom: Timestamp?
    var leaveUntil: Timestamp?
    /// What the row left out of that which events tell as well: it stays as it is.
    var unsaid: Unsaid = []

    struct Unsaid: OptionSet {
      let rawValue: Int
      static let active = Unsaid(rawValue: 1)
      static let manager = Unsaid(rawValue: 2)
      static let leave = Unsaid(rawValue: 4)
    }

    /// As it is to be, where the person is known as `known`.
    func completed(by known: Person?) -> Person {
      var whole = self
      whole.unsaid = []
      guard let known else { return whole }
      if unsaid.contains(.active) { whole.active = known.active }
      // Who is out has no login, whatever the file still says.
      if !whole.active { whole.login = nil }
      if unsaid.contains(.manager) { whole.manager = known.manager }
      if unsaid.contains(.leave) { (whole.leaveFrom, whole.leaveUntil) = (known.leaveFrom, known.leaveUntil) }
      return whole
    }

    /// Whether a lead could ever be given to them as things stand.
    var takesLeads: Bool { active && weight > 0 && capacity != 0 && dailyCap != 0 && weeklyCap != 0 }
  }

  struct Calendar: Equatable {
    /// ISO: 1 is Monday. Local time of whoever uses the calendar, `24:00` is midnight.
    struct Hours: Hashable {
      var weekday: Int64
      var opens: String
      var closes: String
    }

    struct Day: Hashable {
      var day: CalendarDate
      /// The weekday whose hours hold; nil is a holiday.
      var asWeekday: Int64?
      var name: String?
    }

    var code: String
    var name: String
    /// The last day whose holidays are known; nil is without end.
    var knownUntil: CalendarDate?
    /// Sorted.
    var hours: [Hours] = []
    /// Sorted.
    var days: [Day] = []
  }

  struct Source: Equatable {
    var code: String
    var kind: String
    var branch: String?
    var keeps = "nothing"
  }

  struct Rule: Equatable {
    var region: String?
    var source: String?
    var product: String?
    var language: String?
    var value: ValueBand?
    var validFrom: Timestamp?
    var validUntil: Timestamp?
    var how = "direct"
    var branch: String
  }

  /// In ten-thousandths of the currency's unit: from inclusive, below exclusive, nil without bound.
  struct ValueBand: Hashable {
    var from: Int64?
    var below: Int64?
    var currency: String
  }

  /// How long a lead is protected.
  struct Policy: Equatable {
    var branch: String?
    var product: String?
    var level: String?
    var days: Int64
    /// Counts only days on which the branch's calendar has hours.
    var workingDays = false
    /// Days that a contact protects; nil is as long as `days`.
    var extensionDays: Int64?
    /// Days after which protection ends, whatever contact there is; nil is never.
    var maximum: Int64?
    /// Days before the end, at each of which the owner is reminded.
    var reminders: [Int64] = [3, 1]
    /// Local time of the last day; nil is no reminder then.
    var lastMorning: String? = "09:00"
    var reclaimTo = "pool"
  }

  /// What holds in the pool of a branch; of all that have no own, without one.
  struct Pool: Equatable {
    var branch: String?
    /// Minutes.
    var claimDelay: Int64 = 0
    /// nil is without bound.
    var claimsADay: Int64?
    /// Days.
    var coolOff: Int64 = 30
    /// Days; nil is never.
    var unclaimed: Int64? = 14
    var unclaimedTo = "up"
    var transferClock = "keep"
  }

  /// How long a lead may wait on its way down: at one branch, or at all of a level.
  struct Step: Equatable {
    var branch: String?
    var level: String?
    /// Minutes of working time.
    var within: Int64
    /// Minutes before the deadline; nil is none.
    var remind: Int64?
    var then: String
  }

  /// What holds for the whole firm.
  struct Terms: Equatable {
    var phoneConverts = false
    var convertedOwner = "manager"
  }

  var terms: Terms?
  var calendars: [Calendar]?
  var branches: [Branch]?
  var people: [Person]?
  var sources: [Source]?
  var rules: [Rule]?
  var policies: [Policy]?
  var pools: [Pool]?
  var steps: [Step]?
  var agents: [Agent]?
  var queues: [Queue]?
  /// Where the rows were read, by section, in order.
  var origins: [String: [FirmOrigin]] = [:]

  enum Level: String, CaseIterable {
    case headOffice = "head-office"
    case province, city, team
  }
  enum Method: String, CaseIterable {
    case roundRobin = "round-robin"
    case leastLoaded = "least-loaded"
  }
  enum SourceKind: String, CaseIterable { case channel, `import`, institution, behaviour }
  enum Keeps: String, CaseIterable { case nothing, branch, person }
  enum How: String, CaseIterable { case direct, steps }
  enum ReclaimTo: String, CaseIterable { case pool, allocate }
  enum UnclaimedTo: String, CaseIterable { case up, allocate }
  enum TransferClock: String, CaseIterable { case keep, restart }
  enum Then: String, CaseIterable { case escalate, allocate }
  enum ConvertedOwner: String, CaseIterable { case manager, owner }

  init() {}

  /// Adds what another file says; the same section in two files is their sum.
  mutating func add(_ other: Firm) throws(Refusal) {
    func sum<Row>(_ a: [Row]?, _ b: [Row]?) -> [Row]? { a == nil && b == nil ? nil : (a ?? []) + (b ?? []) }
    if terms != nil, other.terms != nil {
      throw Refusal("twice", at: other.place("firm", 0), "another file has this section already")
    }
    terms = terms ?? other.terms
    calendars = sum(calendars, other.calendars)
    branches = sum(branches, other.branches)
    people = sum(people, other.people)
    sources = sum(sources, other.sources)
    rules = sum(rules, other.rules)
    policies = sum(policies, other.policies)
    pools = sum(pools, other.pools)
    steps = sum(steps, other.steps)
    agents = sum(agents, other.agents)
    queues = sum(queues, other.queues)
    origins.merge(other.origins) { $0 + $1 }
  }

  /// With everything that its rows leave as it is in the database.
  func completed(by known: Firm) -> Firm {
    let before = Dictionary((known.people ?? []).map { ($0.code, $0) }) { first, _ in first }
    var whole = self
    whole.people = people?.map { $0.completed(by: before[$0.code]) }
    return whole
  }

  /// What is there once the files are loaded: rows that they do not name stay, where rows have codes.
  func loaded(over known: Firm) -> Firm {
    func named<Row>(_ old: [Row]?, _ new: [Row]?, _ code: (Row) -> String) -> [Row] {
      guard let new else { return old ?? [] }
      let renewed = Set(new.map(code))
      return (old ?? []).filter { !renewed.contains(code($0)) } + new
    }
    var whole = Firm()
    whole.terms = terms ?? known.terms
    whole.calendars = named(known.calendars, calendars) { $0.code }
    whole.branches = named(known.branches, branches) { $0.code }
    whole.people = named(known.people, people) { $0.code }
    whole.sources = named(known.sources, sources) { $0.code }
    whole.rules = rules ?? known.rules
    whole.policies = policies ?? known.policies
    whole.pools = pools ?? known.pools
    whole.steps = steps ?? known.steps
    whole.agents = agents ?? known.agents
    whole.queues = queues ?? known.queues
    return whole
  }
}

/// Rows of one section in one file.
struct FirmOrigin {
  let file: String
  let count: Int
  /// Line numbers of the rows, where the file has a row a line.
  var lines: [Int]?
}

extension Firm {
  /// `firm.json: rules[4].branch`, or `rules.csv: line 6, branch`, for messages.
  func place(_ section: String, _ row: Int, _ field: String? = nil) -> String {
    var rest = row
    for origin in origins[section] ?? [] {
      guard rest >= origin.count else {
        if let lines = origin.lines { return "\(origin.file): line \(lines[rest])" + (field.map { ", \($0)" } ?? "") }
        return "\(origin.file): " + Firm.path(section, rest, field)
      }
      rest -= origin.count
    }
    return Firm.path(section, row, field)
  }

  private static func path(_ section: String, _ row: Int, _ field: String?) -> String {
    (section == "firm" ? section : "\(section)[\(row)]") + (field.map { ".\($0)" } ?? "")
  }
}
