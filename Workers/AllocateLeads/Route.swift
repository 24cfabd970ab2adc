import Contract
import Postgres
import Values

/// Where a lead goes, before anybody there is chosen.
enum Route {
  /// No rule wants it.
  case none
  /// - Parameter note: why it does not go where its source wanted it.
  case branch(Int64, Ruleset.Rule?, basis: Basis? = nil, note: String? = nil)
  /// The branch is to pass it on.
  case passing(Int64, Ruleset.Rule?, basis: Basis? = nil)
  /// Its importer keeps it, if they can.
  case importer(Sources.Importer)

  /// What gave the branch, where it was no rule. Persisted.
  enum Basis: String {
    case importer
    case importerBranch = "importer-branch"
    case institution
    case customer
    case escalated
    case stepOverdue = "step-overdue"
  }

  init(byRule rule: Ruleset.Rule, note: String? = nil) {
    switch rule.how {
    case .direct: self = .branch(rule.branch, rule, note: note)
    case .steps: self = .passing(rule.branch, rule)
    }
  }

  var branch: Int64? {
    switch self {
    case .none: nil
    case .passing(let branch, _, _): branch
    case .branch(let branch, _, _, _): branch
    case .importer(let importer): importer.branch
    }
  }

  var rule: Ruleset.Rule? {
    switch self {
    case .branch(_, let rule, _, _), .passing(_, let rule, _): rule
    case .none, .importer: nil
    }
  }
}

/// The policies of a batch's sources, and who its importers are.
struct Sources {
  struct Source {
    enum Kind: String {
      /// Behaviour is another system's word that somebody looked: it goes by the rules, as a channel's lead does.
      case channel, behaviour, institution
      case imported = "import"
    }
    enum Keeping: String { case nothing, branch, person }

    let kind: Kind
    /// An institution's partner branch.
    var branch: Int64?
    var keeps = Keeping.nothing
  }

  struct Importer {
    let id: Int64
    let branch: Int64
  }

  var sources: [String: Source] = [:]
  var importers: [String: Importer] = [:]

  /// A source without a row is a channel.
  func route(_ source: String, importer: String?, byRules rule: Ruleset.Rule?) -> Route {
    let policy = sources[source] ?? Source(kind: .channel)
    func byRules(_ note: String? = nil) -> Route {
      rule.map { Route(byRule: $0, note: note) } ?? .none
    }
    switch (policy.kind, policy.keeps) {
    case (.institution, _): return policy.branch.map { .branch($0, nil, basis: .institution) } ?? byRules()
    case (.channel, _), (.behaviour, _), (.imported, .nothing): return byRules()
    case (.imported, let keeps):
      guard let importer else { return byRules("importer-missing") }
      guard let known = importers[importer] else { return byRules("importer-unknown") }
      return keeps == .person ? .importer(known) : .branch(known.branch, nil, basis: .importerBranch)
    }
  }

  static func policies(of codes: Set<String>) -> Question<[String: Source]> {
    guard !codes.isEmpty else { return Question(known: [:]) }
    return Question("select code, kind, branch_id, keeps from lead_source where code = any($1)") {
      $0.texts(codes.sorted()) { $0 }
    } reading: { rows in
      var sources: [String: Source] = [:]
      for row in rows {
        sources[row.text(0)] = Source(
          kind: Source.Kind(rawValue: row.text(1)) ?? .channel, branch: row.optionalInteger(2),
          keeps: Source.Keeping(rawValue: row.text(3)) ?? .nothing)
      }
      return sources
    }
  }

  static func importers(_ codes: Set<String>) -> Question<[String: Importer]> {
    guard !codes.isEmpty else { return Question(known: [:]) }
    return Question("select code, id, branch_id from person where code = any($1)") {
      $0.texts(codes.sorted()) { $0 }
    } reading: { rows in
      var importers: [String: Importer] = [:]
      for row in rows { importers[row.text(0)] = Importer(id: row.integer(1), branch: row.integer(2)) }
      return importers
    }
  }
}

/// The new leads of a batch with where each goes, in the order in which they will be decided, though not all may be.
struct RoutedLeads {
  private let leads: [Delivery<Registration>]
  private let routes: [Route]
  private var next = 0

  init(_ leads: [Delivery<Registration>] = [], _ routes: [Route] = []) { (self.leads, self.routes) = (leads, routes) }

  var count: Int { leads.count }

  /// nil for a lead that is not among them, or comes after one that was asked for before.
  mutating func route(of lead: Delivery<Registration>) -> Route? {
    while next < leads.count {
      next += 1
      if leads[next - 1] === lead { return routes[next - 1] }
    }
    return nil
  }
}
