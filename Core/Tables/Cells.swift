package import Values

/// The cells of a row by field, with what was undone in them.
package struct Cells {
  private let row: TableRow
  private let map: ColumnMap
  package private(set) var mended: Set<Cell.Mending> = []

  package init(_ row: TableRow, _ map: ColumnMap) {
    self.row = row
    self.map = map
  }

  package mutating func text(_ field: String) throws(Refusal) -> String? {
    guard let column = map[field] else { return nil }
    do throws(Refusal) { return try Cell.text(row[column], &mended) } catch { throw error.at(field) }
  }

  package mutating func code(_ field: String) throws(Refusal) -> String? {
    guard let column = map[field] else { return nil }
    do throws(Refusal) { return try Cell.code(row[column], &mended) } catch { throw error.at(field) }
  }

  package mutating func integer(_ field: String) throws(Refusal) -> Int64? {
    guard let text = try code(field) else { return nil }
    guard let value = Int64(text) else { throw Refusal("out-of-range", at: field, "a whole number was expected") }
    return value
  }

  /// A word, or what stands for it in the firm's language.
  package mutating func word(_ field: String, _ meanings: [String: String]) throws(Refusal) -> String? {
    guard let text = try text(field) else { return nil }
    return meanings[text.lowercased()] ?? text
  }

  package mutating func yesOrNo(_ field: String) throws(Refusal) -> Bool? {
    guard let text = try text(field) else { return nil }
    guard let value = Cells.yesAndNo[text.lowercased()] else {
      throw Refusal("unknown-word", at: field, "yes or no was expected, or 是 or 否")
    }
    return value
  }

  private static let yesAndNo = [
    "yes": true, "y": true, "true": true, "1": true, "是": true, "同意": true, "no": false, "n": false, "false": false,
    "0": false, "否": false, "拒绝": false, "不同意": false,
  ]

  /// `1990-12-31`, `1990/12/31`, `1990.12.31`, `1990年12月31日` or `19901231`.
  package mutating func day(_ field: String) throws(Refusal) -> String? {
    guard let text = try code(field) else { return nil }
    return Cells.day(text) ?? text
  }

  static func day(_ text: String) -> String? {
    var parts = text.split { "-/.年月日".contains($0) }.map { String($0) }
    if parts.count == 1, text.utf8.count == 8 {
      parts = [String(text.prefix(4)), String(text.dropFirst(4).prefix(2)), String(text.suffix(2))]
    }
    guard parts.count == 3, parts[0].utf8.count == 4,
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      parts.dropFirst().allSatisfy({ $0.utf8.count <= 2 })
    else { return nil }
    return parts.map { $0.utf8.count < 2 ? "0\($0)" : $0 }.joined(separator: "-")
  }

  /// RFC 3339; a day alone is its end in China, where nothing else is said.
  package mutating func time(_ field: String) throws(Refusal) -> String? {
    guard let text = try text(field) else { return nil }
    return Cells.day(text).map { "\($0)T23:59:59+08:00" } ?? text
  }
}

extension Refusal {
  /// The same of a field, where none is named.
  package func at(_ field: String) -> Refusal {
    path.isEmpty ? Refusal(restoring: reason, at: field, detail) : self
  }
}
