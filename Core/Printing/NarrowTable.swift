extension Table {
  /// As wide as a terminal, if that can be had without leaving anything out: closer columns, then what all rows have in
  /// common on a line above, then a single row upright, then the last columns below each row. Without a terminal always
  /// the same.
  package func fitted(to width: Int?) -> String {
    guard let width else { return aligned }
    for candidate in [aligned, aligned(gap: 2)] where candidate.fits(width) { return candidate }
    if rows.count == 1 { return upright }
    let common = columns.indices.filter { column in rows.allSatisfy { $0[column] == rows[0][column] } }
    guard !rows.isEmpty, !common.isEmpty, common.count < columns.count else { return folded(to: width) }
    let others = columns.indices.filter { !common.contains($0) }
    let shared = common.map { column in
      let title = columns[column].title.lowercased()
      return rows[0][column] == .none ? "no \(title)" : "\(title) \(rows[0][column].shown)"
    }
    let rest = Table(others.map { columns[$0] }, rows.map { row in others.map { row[$0] } })
    return Table.listed("All: ", shared, width) + rest.fitted(to: width)
  }

  /// As many columns as fit, and below each row what the others say, with their names; the last one's is a sentence of its
  /// own.
  private func folded(to width: Int) -> String {
    for kept in stride(from: columns.count - 1, through: 2, by: -1) {
      let head = Table(Array(columns[..<kept]), rows.map { Array($0[..<kept]) }).aligned(gap: 2)
      guard head.fits(width) else { continue }
      let lines = head.split(separator: "\n", omittingEmptySubsequences: false)
      var text = lines[0] + "\n"
      for (line, row) in zip(lines.dropFirst(), rows) {
        let rest = zip(columns[kept...], row[kept...]).filter { $1 != .none }
        let words = rest.map {
          $0.name == columns[columns.count - 1].name ? $1.shown : "\($0.title.lowercased()) \($1.shown)"
        }
        text += line + "\n" + Table.wrapped(words.joined(separator: ", "), width)
      }
      return String(text)
    }
    return aligned(gap: 2)
  }

  /// Broken between words, indented; nothing for nothing.
  private static func wrapped(_ text: String, _ width: Int) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, displayWidth(line) + displayWidth(String(word)) + 5 > width {
        lines.append("    " + line + "\n")
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    if !line.isEmpty { lines.append("    " + line + "\n") }
    return lines.joined()
  }

  /// The words with commas between, on as many lines as they need.
  private static func listed(_ opening: String, _ words: [String], _ width: Int) -> String {
    var text = ""
    var line = opening + words[0]
    for word in words.dropFirst() {
      if displayWidth(line) + displayWidth(word) + 3 > width {
        text += line + ",\n"
        line = "  " + word
      } else {
        line += ", " + word
      }
    }
    return text + line + "\n"
  }
}

extension String {
  fileprivate func fits(_ width: Int) -> Bool {
    split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width }
  }
}
