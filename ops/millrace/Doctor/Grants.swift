internal import Migrations

/// The rights that the migrations give, read from their own text, so that they are written down once.
struct Grant: Hashable {
  let role: String
  let privilege: String
  let object: String
  let kind: Kind

  enum Kind: String {
    case table, sequence, function
    /// Of a table, some of its columns alone.
    case columns
  }

  static let all: [Grant] = Migration.all.reduce(into: []) { grants, migration in
    let taken = Set(parse(migration.sql, "revoke", "from"))
    grants = grants.filter { !taken.contains($0) } + parse(migration.sql)
  }

  /// Reads `grant A, B on [table|sequence|function] X, Y to R, S;` outside of comments and functions. A function is named
  /// without its arguments; of a right on columns, as in `insert (a, b)`, it counts that there are some. Likewise `revoke … from …`, which takes away what an earlier migration gave.
  static func parse(_ sql: String, _ verb: String = "grant", _ preposition: String = "to") -> [Grant] {
    var grants: [Grant] = []
    for statement in withoutComments(sql).split(separator: ";") {
      let words = withoutColumns(statement).split(whereSeparator: \.isWhitespace).map { String($0) }
      guard words.first == verb, let on = words.firstIndex(of: "on"), let to = words.lastIndex(of: preposition) else {
        continue
      }
      let named = Kind(rawValue: words[on + 1])
      let start = on + (named == nil ? 1 : 2)
      for role in list(words[(to + 1)...]) {
        for object in list(words[start..<to]) {
          for privilege in list(words[1..<on]) {
            let name = privilege.prefix { $0 != "(" }
            let kind = name == privilege ? named ?? .table : .columns
            grants.append(Grant(role: role, privilege: String(name), object: object, kind: kind))
          }
        }
      }
    }
    return grants
  }

  /// `insert (a, b)` as `insert()`.
  private static func withoutColumns(_ statement: Substring) -> String {
    var text = ""
    var isColumn = false
    for character in statement {
      if character == "(" {
        text = String(text.reversed().drop(while: \.isWhitespace).reversed())
        isColumn = true
        text += "()"
      }
      if !isColumn { text.append(character) }
      if character == ")" { isColumn = false }
    }
    return text
  }

  private static func withoutComments(_ sql: String) -> String {
    var text = ""
    var isCode = true
    for part in sql.split(separator: "$$", omittingEmptySubsequences: false) {
      if isCode { text += part }
      isCode.toggle()
    }
    let lines = text.split(separator: "\n").map { line -> Substring in
      guard let comment = line.firstRange(of: "--") else { return line }
      return line[..<comment.lowerBound]
    }
    return lines.joined(separator: " ")
  }

  /// `A, B`, as names without spaces around them.
  private static func list(_ words: ArraySlice<String>) -> [String] {
    words.flatMap { $0.split(separator: ",").map { String($0) } }
  }
}
