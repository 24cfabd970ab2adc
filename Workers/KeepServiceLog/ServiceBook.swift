import Contract
import ServiceLog
import Values

/// What one transaction appends to the log.
struct ServiceBook {
  private let people: [Int64: String]
  private let branches: Organisations
  /// By organisation, the first day that is not closed.
  private let open: [String: String]
  private let head: ServiceTurn.Head
  private var salts: Salts

  private(set) var entries: [(entry: ServiceEntry, action: Int64?)] = []
  private var commitments: [UInt8] = []
  private var counts: [ServiceBlock.Count: Int32] = [:]
  private var at = Timestamp(microseconds: 0)
  /// By row of `service_due`, how far it is taken and whether that is all.
  private(set) var taken: [Int64: (count: Int32, isAll: Bool)] = [:]

  init(
    people: [Int64: String], branches: Organisations, open: [String: String], head: ServiceTurn.Head, salts: Salts
  ) {
    self.people = people
    self.branches = branches
    self.open = open
    self.head = head
    self.salts = salts
  }

  mutating func take(_ item: RecordActions.Item, _ now: Timestamp) {
    taken[item.due] = (item.taken, item.isLast)
    at = now
  }

  /// The next entry, with its commitment. A day that is closed is not counted to any more.
  mutating func append(_ action: Action) -> (ServiceEntry, [UInt8]) {
    let organisation = branches.organisation(action.branch)
    let day = max(action.day, open[organisation] ?? action.day)
    let entry = ServiceEntry(
      number: head.next + Int64(entries.count), at: action.at, organisation: organisation, day: day,
      content(of: action), salt: salts.next())
    let commitment = entry.commitment
    entries.append((entry, action.action))
    commitments += commitment
    counts[ServiceBlock.Count(organisation: organisation, day: day, entries: 0), default: 0] += 1
    return (entry, commitment)
  }

  private func content(of action: Action) -> ServiceEntry.Content {
    ServiceEntry.Content(
      what: action.what, subjectKind: action.subjectKind, subject: action.subject, version: action.version,
      by: action.by.flatMap { people[$0] }, login: action.login, worker: action.worker, authority: action.authority,
      outcome: action.outcome, branch: branches.code(action.branch), owner: action.owner.flatMap { people[$0] },
      formerOwner: action.formerOwner.flatMap { people[$0] }, detail: action.detail, source: action.source,
      event: action.event)
  }

  /// nil where nothing was appended.
  var block: ServiceBlock? {
    guard !entries.isEmpty else { return nil }
    let counts = counts.map {
      ServiceBlock.Count(organisation: $0.key.organisation, day: $0.key.day, entries: $0.value)
    }.sorted { ($0.day, $0.organisation) < ($1.day, $1.organisation) }
    return ServiceBlock(
      number: head.block + 1, epoch: head.epoch, first: head.next, at: at, counts: counts, commitments: commitments,
      previous: head.hash)
  }
}

/// Random bytes for entries, drawn before anything is decided. 16 each.
struct Salts {
  private var salts: [[UInt8]]

  init(_ count: Int) {
    var random = SystemRandomNumberGenerator()
    salts = (0..<count).map { _ in
      [random.next(), random.next()].flatMap { (half: UInt64) in withUnsafeBytes(of: half) { [UInt8]($0) } }
    }
  }

  mutating func next() -> [UInt8] { salts.removeLast() }
}
