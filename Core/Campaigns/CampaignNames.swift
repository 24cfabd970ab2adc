public import Postgres
public import Values

/// A word of a filter that somebody has to have, and where it stands: what nobody has finds nobody, and says nothing.
public struct FilterName: Hashable, Sendable {
  public enum Kind: String, Sendable { case branch, person, list }

  public let kind: Kind
  public let text: String
  /// Both counted from 1, in characters of Unicode.
  public let line: Int
  public let column: Int
}

extension FilterField.Values {
  /// What its values are the names of; nil where anything can stand.
  var named: FilterName.Kind? {
    switch self {
    case .branch: .branch
    case .person: .person
    case .list: .list
    case .text, .word, .tag, .rating, .years, .dayOfYear, .money, .moment, .region: nil
    }
  }
}

/// What there is of what a definition's filters name.
public struct CampaignNames: Sendable {
  private struct Key: Hashable {
    let kind: String
    let text: String
  }

  private let known: Set<Key>
  /// Numbers of lists by name; only those that are whole.
  let lists: [String: Int64]

  public static let none = CampaignNames(known: [], lists: [:])

  public static func ask(_ definition: CampaignDefinition) -> Question<CampaignNames> {
    let wanted = Set(definition.names.map { Key(kind: $0.name.kind.rawValue, text: $0.name.text) })
      .sorted { ($0.kind, $0.text) < ($1.kind, $1.text) }
    guard !wanted.isEmpty else { return Question(known: .none) }
    return Question(
      """
      select a.kind, a.name, l.id
      from unnest($1::text[], $2::text[]) a (kind, name)
      left join audience_list l on a.kind = 'list' and l.name = a.name and l.whole_at is not null
      where case a.kind when 'branch' then exists (select from branch b where b.code = a.name)
        when 'person' then exists (select from person p where p.code = a.name) else l.id is not null end
      """
    ) {
      $0.texts(wanted) { $0.kind }
      $0.texts(wanted) { $0.text }
    } reading: { rows in
      var lists: [String: Int64] = [:]
      for row in rows { if let list = row.optionalInteger(2) { lists[row.text(1)] = list } }
      return CampaignNames(known: Set(rows.map { Key(kind: $0.text(0), text: $0.text(1)) }), lists: lists)
    }
  }

  /// The first that nobody has, with the path of its filter.
  public func missing(in definition: CampaignDefinition) -> (path: String, name: FilterName)? {
    definition.names.first { !known.contains(Key(kind: $0.name.kind.rawValue, text: $0.name.text)) }
  }

  /// Refuses a definition that names what nobody has.
  public func check(_ definition: CampaignDefinition) throws(Refusal) {
    if let (path, name) = missing(in: definition) { throw name.refusal(at: path) }
  }
}

extension FilterName {
  /// - Parameter hint: what goes on behind the sentence.
  public func refusal(at path: String, hint: String = "") -> Refusal {
    Refusal(
      restoring: "unknown-\(kind.rawValue)", at: path,
      "line \(line), column \(column): there is no \(kind.rawValue) `\(Misspelling.shown(text))`\(hint)")
  }
}

extension CampaignDefinition {
  /// What its filters name, with the path of the filter.
  fileprivate var names: [(path: String, name: FilterName)] {
    filter.names.map { ("audience.\(audience.rawValue)", $0) } + (exclusion?.names ?? []).map { ("exclude", $0) }
  }
}
