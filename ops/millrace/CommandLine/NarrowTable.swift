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
    let shared = common.map { "\(columns[$0].title.lowercased()) \(rows[0][$0].shown)" }.joined(separator: ", ")
    let rest = Table(others.map { columns[$0] }, rows.map { row in others.map { row[$0] } })
    return "All: \(shared)\n" + rest.fitted(to: width)
  }
}

extension String {
  fileprivate func fits(_ width: Int) -> Bool {
    split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width }
  }
}
