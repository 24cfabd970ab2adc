internal import Printing

/// Where a command's words go. One for each run.
final class Output {
  private let out: (String) -> Void
  private let err: (String) -> Void
  /// Whether `--json` was given: then standard output carries JSON and nothing else.
  var isJSON = false
  /// Columns of the terminal that standard output is; nil where it is none.
  let width: Int?
  /// Whether standard error is a terminal, on which a line can be written over.
  let showsProgress: Bool

  init(
    width: Int? = nil, showsProgress: Bool = false, out: @escaping (String) -> Void, err: @escaping (String) -> Void
  ) {
    self.width = width
    self.showsProgress = showsProgress
    self.out = out
    self.err = err
  }

  func write(_ text: String) { out(text) }

  /// The answer: as JSON, or aligned; `nothing` is said to people where there is no row.
  func show(_ table: Table, nothing: String = "Nothing.") {
    if isJSON {
      out(table.json)
    } else {
      out(table.isEmpty ? nothing + "\n" : table.fitted(to: width))
    }
  }

  /// The answer about one thing.
  func showUpright(_ table: Table) { out(isJSON ? table.json : table.upright) }

  /// A remark beside the answer.
  func note(_ line: String) {
    if isJSON { err(line + "\n") } else { out(line + "\n") }
  }

  /// Writes over the terminal's line, which stays open: for what changes several times a second.
  func overwrite(_ line: String) { err("\r\u{1B}[K" + line) }

  func complain(_ sentence: String) { err(sentence.hasSuffix("\n") ? sentence : "millrace: \(sentence)\n") }
}
