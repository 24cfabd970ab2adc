import Contract
import Postgres
import Settings
import Values

/// The branches, and the one that stands for all where nobody says which.
struct Organisations {
  private let codes: [Int64: String]
  private let root: String?

  /// Where there is no branch at all.
  static let none = "-"

  static func load(_ transaction: Transaction) throws(PostgresError) -> Organisations {
    let rows = try transaction.rows("select id, code, parent_id is null from branch order by id")
    return Organisations(
      codes: Dictionary(uniqueKeysWithValues: rows.map { ($0.integer(0), $0.text(1)) }),
      root: rows.first { $0.boolean(2) }?.text(1))
  }

  init(codes: [Int64: String], root: String?) {
    self.codes = codes
    self.root = root
  }

  func code(_ branch: Int64?) -> String? { branch.flatMap { codes[$0] } }

  /// To whose day an action at the branch counts.
  func organisation(_ branch: Int64?) -> String { code(branch) ?? root ?? Organisations.none }

  /// The first day that is open, of those that have closed one.
  func open(of actions: [Action], _ transaction: Transaction) throws(PostgresError) -> [String: String] {
    let wanted = Set(actions.map { organisation($0.branch) }).sorted()
    guard !wanted.isEmpty else { return [:] }
    let rows = try transaction.rows(
      """
      select w.code, to_char(d.day + 1, 'YYYY-MM-DD')
      from unnest($1::text[]) w (code) cross join lateral (
        select day from service_day where organisation = w.code order by day desc limit 1) d
      """
    ) { $0.texts(wanted) { $0 } }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.text(1)) })
  }
}

/// Codes of people by number; they never change.
struct PersonCodes: LaneCache {
  private(set) var known: [Int64: String] = [:]

  init(_ settings: Settings) {}

  mutating func learn(_ people: [Int64?], _ transaction: Transaction) throws(PostgresError) {
    let unknown = Set(people.compactMap { $0 }.filter { known[$0] == nil }).sorted()
    guard !unknown.isEmpty else { return }
    let rows = try transaction.rows("select id, code from person where id = any($1)") { $0.integers(unknown) { $0 } }
    for row in rows { known[row.integer(0)] = row.text(1) }
  }
}
