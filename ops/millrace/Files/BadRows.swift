internal import Printing
internal import Tables
internal import Values

/// Rows of a table that were not taken: how many, and why.
struct BadRows {
  private struct Reason: Hashable {
    let field: String
    let reason: String
  }

  /// Told one by one; the others are counted.
  private static let mostTold = 20

  private let reader: TableReader
  private let map: ColumnMap
  private var reasons: [Reason: Int] = [:]
  private(set) var count = 0

  init(of reader: TableReader, _ map: ColumnMap) {
    self.reader = reader
    self.map = map
  }

  /// - Parameter refusal: its path is a field.
  /// - Returns: the same of the heading of the column that the field is in, which is what a person looks for; and the sentence about
  ///   it, for the first ones.
  mutating func add(_ refusal: Refusal, of row: TableRow) -> (Refusal, sentence: String?) {
    let field = String(refusal.path.prefix { $0 != "." && $0 != "[" })
    let heading = map[field].map(reader.column) ?? refusal.path
    let named = Refusal(restoring: refusal.reason, at: heading, refusal.detail)
    count += 1
    reasons[Reason(field: heading, reason: refusal.reason), default: 0] += 1
    return (named, count <= Self.mostTold ? "\(reader.file.name):\(row.line): \(printable(named.description))" : nil)
  }

  /// Reasons with their numbers, for people; nothing where there is none.
  func show(_ output: Output) {
    guard !reasons.isEmpty else { return }
    var table = Table(.left("bad"), .left("column"), .right("rows"))
    for (bad, count) in sorted { table.add(.text(bad.reason), .text(bad.field), .number(Int64(count))) }
    output.write("\n")
    output.show(table)
  }

  /// Of a summary.
  var cell: Table.Cell {
    let objects = sorted.map { bad, count in
      "{\"reason\":\(jsonQuoted(bad.reason)),\"column\":\(jsonQuoted(bad.field)),\"rows\":\(count)}"
    }
    return .nested(json: "[" + objects.joined(separator: ",") + "]", shown: objects.isEmpty ? "-" : "above")
  }

  private var sorted: [(Reason, Int)] {
    reasons.sorted { ($1.value, $0.key.reason, $0.key.field) < ($0.value, $1.key.reason, $1.key.field) }
      .map { ($0.key, $0.value) }
  }
}

extension [Cell.Mending: Int] {
  /// Of a summary: what was undone, in how many rows.
  var cell: Table.Cell {
    let all = sorted { $0.key.rawValue < $1.key.rawValue }
    return .nested(
      json: "{" + all.map { "\(jsonQuoted($0.key.rawValue)):\($0.value)" }.joined(separator: ",") + "}",
      shown: all.isEmpty ? "-" : all.map { "\($0.key.rawValue) in \($0.value)" }.joined(separator: ", "))
  }
}
