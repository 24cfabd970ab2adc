package import Tables
internal import Templates
internal import Values

/// A column whose values templates can be told, by a name that they can have.
package struct KeptColumn {
  package let column: Int
  package let heading: String
  package let name: String

  static let most = 20

  /// - Parameter given: `--keep`, as in `座位,4=table`: a heading or a column's number, and the name where the heading is none.
  package static func read(_ given: String?, _ header: [String]) throws(TableError) -> [KeptColumn] {
    var kept: [KeptColumn] = []
    for part in (given ?? "").split(separator: ",") {
      let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        Cell.trimmed(String($0))
      }
      let exact = header.firstIndex(of: pieces[0])
      guard
        let column = exact ?? header.firstIndex(where: { ColumnMap.normalized($0) == ColumnMap.normalized(pieces[0]) })
          ?? Int(pieces[0]).flatMap({ header.indices.contains($0 - 1) ? $0 - 1 : nil })
      else {
        throw .option(
          "--keep names the column \(shown(pieces[0])); the first line has \(header.map(shown).joined(separator: ", "))."
        )
      }
      let name = pieces.count == 2 ? pieces[1] : header[column]
      guard isVariable(name) else {
        throw .option(
          "--keep: \(shown(name)) is no name that a template can write, which has letters, digits and _: say one with "
            + "--keep \(pieces[0])=NAME.")
      }
      guard !kept.contains(where: { $0.name == name }) else {
        throw .option("--keep has the name \(shown(name)) twice.")
      }
      kept.append(KeptColumn(column: column, heading: header[column], name: name))
    }
    guard kept.count <= most else { throw .option("--keep has at most \(most) columns.") }
    return kept
  }

  private static func isVariable(_ name: String) -> Bool {
    do throws(Refusal) {
      let source = MessageTemplate.Source(
        channel: .sms, language: "en-GB", text: "{{\(name)}}", subject: nil, html: nil)
      return try MessageTemplate(source).variables.map(\.name) == [name]
    } catch { return false }
  }
}
