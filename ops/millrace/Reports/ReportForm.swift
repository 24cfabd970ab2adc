internal import Values

/// How a report is given: `--as`, `--out` and `--json`, the same of all reports.
enum ReportForm: String, CaseIterable {
  case table, csv, json, html

  static let options = [
    CommandOption("--as", "FORM", "table (default), csv, json or html"),
    CommandOption("--out", "FILE", "write it there, for you alone to read"), CommandOption.json,
  ]

  static func asked(_ invocation: Invocation) throws(Failure) -> ReportForm {
    guard let word = invocation.text("--as") else { return invocation.output.isJSON ? .json : .table }
    guard let form = ReportForm(rawValue: word) else {
      throw .usage("--as is \(shown(word)), but must be table, csv, json or html.")
    }
    guard !invocation.output.isJSON || form == .json else {
      throw .usage("--json and --as \(word) exclude each other.")
    }
    return form
  }

  /// To the file that was named, else to the terminal.
  static func give(_ text: String, _ form: ReportForm, _ invocation: Invocation) throws {
    guard let file = invocation.text("--out") else {
      invocation.output.write(text)
      return
    }
    try OutputFile.write(text, to: file)
    let more = form == .html ? " \(printable(file))#zh opens it in Chinese." : ""
    invocation.output.note("Written: \(printable(file)).\(more)")
  }
}
