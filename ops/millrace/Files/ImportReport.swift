internal import Imports
internal import Printing
internal import Tables
internal import Values

/// What an import found and did: gathered row by row, told at the end.
struct ImportReport {
  /// Events shown.
  private static let mostSamples = 5
  private static let mostFailuresShown = 20

  private let reader: TableReader
  private let map: ColumnMap
  private var samples: [(line: Int, event: String)] = []
  private(set) var good = 0
  private(set) var bad: BadRows
  var mended: [Cell.Mending: Int] = [:]
  /// Given up before the file's end.
  var isUnfinished = false

  var rows: Int { good + bad.count }

  init(_ reader: TableReader, _ map: ColumnMap) {
    self.reader = reader
    self.map = map
    bad = BadRows(of: reader, map)
  }

  mutating func add(_ line: PublishLine, of row: TableRow) {
    good += 1
    guard samples.count < Self.mostSamples else { return }
    samples.append((row.line, Self.withoutIDNumber(String(decoding: line.value, as: UTF8.self))))
  }

  /// - Returns: the refusal as people know it, and the sentence about it for the first ones.
  mutating func add(_ refusal: Refusal, of row: TableRow) -> (Refusal, sentence: String?) {
    bad.add(refusal, of: row)
  }

  func show(_ outcome: Publisher.Outcome?, rejects: RejectFile?, _ output: Output) {
    if output.isJSON {
      output.showUpright(summary(outcome))
    } else {
      if outcome == nil { showMeaning(output) }
      bad.show(output)
      output.write("\n" + summary(outcome).upright)
    }
    if let rejects, rejects.count > 0 { output.note("The bad rows are in \(rejects.path).") }
    guard let outcome else {
      output.note("Nothing was published. To publish the \(good) good rows, add --execute.")
      return
    }
    for failure in outcome.failures.prefix(Self.mostFailuresShown) {
      output.complain("\(reader.file.name):\(failure.line): not delivered: \(failure.error)")
    }
    let others = outcome.failures.dropFirst(Self.mostFailuresShown).map { String($0.line) }
    if !others.isEmpty { output.complain("not delivered as well, lines \(others.joined(separator: ", "))") }
    if outcome.acknowledged < outcome.sent || isUnfinished {
      output.complain(
        "\(outcome.sent - outcome.acknowledged) events were not acknowledged"
          + (isUnfinished ? ", and the rest of the file was not sent" : "")
          + "; import the same file again: what did arrive is recognised.")
    }
  }

  private func showMeaning(_ output: Output) {
    var meaning = Table(.right("column"), .left("heading"), .left("field"))
    for (index, heading) in reader.header.enumerated() {
      let field = map.columns.first { $0.value == index }?.key
      meaning.add(.number(Int64(index + 1)), .text(heading), .text(optional: field))
    }
    output.show(meaning)
    var first = Table(.right("line"), .left("event"))
    for sample in samples { first.add(.number(Int64(sample.line)), .text(sample.event)) }
    output.write("\n")
    output.show(first, nothing: "No row is good.")
  }

  private func summary(_ outcome: Publisher.Outcome?) -> Table {
    let columns = map.columns.sorted { $0.value < $1.value }.map { field, column in (reader.column(column), field) }
    var table = Table(
      .left("file"), .left("encoding"), .left("separator"), .left("columns"), .right("rows"), .right("good"),
      .right("bad"), .left("reasons"), .left("mended"), .right("blankLines"), .right("published"),
      .right("acknowledged"), .right("failed"), .right("seconds"))
    table.add(
      .text(reader.file.name), .text(reader.encoding.rawValue), .text(reader.separator.name),
      .nested(
        json: "{" + columns.map { "\(jsonQuoted($0.1)):\(jsonQuoted($0.0))" }.joined(separator: ",") + "}",
        shown: printable(columns.map { "\($0.1) \($0.0)" }.joined(separator: ", "))),
      .number(Int64(rows)), .number(Int64(good)), .number(Int64(bad.count)), bad.cell, mended.cell,
      .number(Int64(reader.blankLines)), .number(optional: outcome.map { Int64($0.sent) }),
      .number(optional: outcome.map { Int64($0.acknowledged) }),
      .number(optional: outcome.map { Int64($0.sent - $0.acknowledged) }),
      outcome.map { .decimal($0.seconds) } ?? .none)
    return table
  }

  /// The last three characters tell a person whether it is the right one.
  private static func withoutIDNumber(_ event: String) -> String {
    let mark = "\"idNumber\":\""
    guard let start = event.firstRange(of: mark)?.upperBound,
      let end = event[start...].firstIndex(of: "\""), event[start..<end].count > 3
    else { return event }
    let hidden = String(repeating: "*", count: event[start..<end].count - 3)
    return event[..<start] + hidden + event[start..<end].suffix(3) + event[end...]
  }
}
