internal import Imports
internal import Tables
internal import Values

/// Goes through a table, makes events of its rows and publishes them: good rows are sent, bad ones told and collected.
struct TableImport {
  /// So many refused deliveries, and nothing more is sent.
  private static let mostFailures = 1000

  private let reader: TableReader
  private let rejects: RejectFile?
  private let publisher: Publisher?
  private let output: Output
  private var report: ImportReport
  /// What became of what was sent.
  private var outcome = Publisher.Outcome()

  /// - Parameter publisher: nil only looks.
  init(_ reader: TableReader, _ map: ColumnMap, _ rejects: RejectFile?, _ publisher: Publisher?, _ output: Output) {
    self.reader = reader
    self.rejects = rejects
    self.publisher = publisher
    self.output = output
    report = ImportReport(reader, map)
  }

  /// - Parameter read: hands the row's event to its second argument, or answers why there is none.
  mutating func go(_ read: (TableRow, (PublishLine) throws -> Void) throws -> Refusal?) throws {
    let start = ContinuousClock.now
    var progress = Progress(of: reader.file.size, output)
    defer { progress.end() }
    while let row = try reader.next() {
      let refusal = try read(row) { line in
        report.add(line, of: row)
        try publisher?.send(line, number: row.line, &outcome)
      }
      if let refusal {
        let (named, sentence) = report.add(refusal, of: row)
        try rejects?.add(row, named)
        if let sentence {
          progress.end()
          output.complain(sentence)
        }
      }
      if report.rows.isMultiple(of: 1024) { progress.show(done: reader.offset, rows: report.rows) }
      if outcome.failures.count >= Self.mostFailures {
        report.isUnfinished = true
        break
      }
    }
    publisher?.drain(&outcome)
    outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  mutating func finish(mended: [Cell.Mending: Int]) throws -> Exit {
    report.mended = mended
    try rejects?.finish()
    report.show(publisher == nil ? nil : outcome, rejects: rejects, output)
    if publisher != nil, outcome.acknowledged < outcome.sent || report.isUnfinished { return .unreachable }
    return report.bad.count > 0 ? .no : .done
  }
}
