public import Postgres
public import Values

/// A word of a filter that somebody has to have, and where it stands: what nobody has finds nobody, and says nothing.
public struct FilterName: Sendable {
  public enum Kind: String, Sendable { case branch, person, list }

  public let kind: Kind
  public let text: String
  /// Counted from 1, in characters of Unicode; nil of a name that is a member of its own.
  let place: (line: Int, column: Int)?
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

  /// A list that is whole.
  struct List: Sendable {
    let number: Int64
    /// What templates can be told of its people, by name.
    let columns: [String]
  }

  private let known: Set<Key>
  /// By name.
  let lists: [String: List]

  public static let none = CampaignNames(known: [], lists: [:])

  public static func ask(_ definition: CampaignDefinition) -> Question<CampaignNames> {
    let wanted = Set(definition.names.map { Key(kind: $0.name.kind.rawValue, text: $0.name.text) })
      .sorted { ($0.kind, $0.text) < ($1.kind, $1.text) }
    guard !wanted.isEmpty else { return Question(known: .none) }
    return Question(
      """
      select a.kind, a.name, l.id, coalesce(l.columns, '{}')
      from unnest($1::text[], $2::text[]) a (kind, name)
      left join audience_list l on a.kind = 'list' and l.name = a.name and l.whole_at is not null
      where case a.kind when 'branch' then exists (select from branch b where b.code = a.name)
        when 'person' then exists (select from person p where p.code = a.name) else l.id is not null end
      """
    ) {
      $0.texts(wanted) { $0.kind }
      $0.texts(wanted) { $0.text }
    } reading: { rows in
      var lists: [String: List] = [:]
      for row in rows {
        if let number = row.optionalInteger(2) { lists[row.text(1)] = List(number: number, columns: row.texts(3)) }
      }
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
    let place = place.map { "line \($0.line), column \($0.column): " } ?? ""
    return Refusal(
      restoring: "unknown-\(kind.rawValue)", at: path,
      "\(place)there is no \(kind.rawValue) `\(Misspelling.shown(text))`\(hint)")
  }
}

extension CampaignDefinition {
  /// What it names, with the path of where it does.
  fileprivate var names: [(path: String, name: FilterName)] {
    filter.names.map { ("audience.\(audience.rawValue)", $0) } + (exclusion?.names ?? []).map { ("exclude", $0) }
      + (columnsOf.map { [("columnsOf", FilterName(kind: .list, text: $0, place: nil))] } ?? [])
  }
}
