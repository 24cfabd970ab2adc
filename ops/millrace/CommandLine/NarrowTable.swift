extension Table {
  /// As wide as a terminal, if that can be had without leaving anything out: closer columns, then what all rows have in
  /// common on a line above, then a single row upright. Without a terminal always the same.
  func fitted(to width: Int?) -> String {
    guard let width else { return aligned }
    for candidate in [aligned, aligned(gap: 2)] where candidate.fits(width) { return candidate }
    if rows.count == 1 { return upright }
    let common = columns.indices.filter { column in rows.allSatisfy { $0[column] == rows[0][column] } }
    guard !rows.isEmpty, !common.isEmpty, common.count < columns.count else { return aligned(gap: 2) }
    let others = columns.indices.filter { !common.contains($0) }
    let shared = common.map { column in
      let title = columns[column].title.lowercased()
      return rows[0][column] == .none ? "no \(title)" : "\(title) \(rows[0][column].shown)"
    }
    let rest = Table(others.map { columns[$0] }, rows.map { row in others.map { row[$0] } })
    return Table.listed("All: ", shared, width) + rest.fitted(to: width)
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
