/// What may have been meant by a word that nobody knows.
public enum Misspelling {
  /// `; did you mean `X`?`, where something known is close enough to be a slip of the hand, else a full stop.
  public static func hint(_ word: String, _ known: [String]) -> String {
    let ranked = known.map { (word: $0, distance: distance($0, word)) }.min { $0.distance < $1.distance }
    guard let ranked, ranked.distance <= max(1, word.count / 3) else { return "." }
    return "; did you mean `\(ranked.word)`?"
  }

  /// Insertions, deletions, changes and swaps of neighbours (optimal string alignment), in the first 200 characters.
  public static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.prefix(200))
    let b = Array(b.prefix(200))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }

  /// A stranger's word, fit to stand in a sentence: 80 characters at most, and none that steers a terminal.
  public static func shown(_ word: String) -> String {
    let scalars = word.prefix(80).unicodeScalars.map { scalar -> String in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate:
        "\\u{\(String(scalar.value, radix: 16))}"
      default: String(scalar)
      }
    }
    return scalars.joined()
  }
}
