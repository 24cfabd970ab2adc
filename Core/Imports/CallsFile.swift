internal import Contract
internal import Digest
internal import JSON
package import Tables
internal import Topics
package import Values

/// A telephone system's file as `call.events`: of a queue_log its lines; of a CDR file, and of what an import has rejected,
/// the rows of a table.
package final class CallsFile {
  private enum Rows {
    case none
    case lines(LineFile)
    case table(TableReader)
  }

  private var format: CallsFormat
  private let rows: Rows
  /// The columns of a reject file stand before the row's own.
  private let isRejected: Bool
  /// What was taken for a heading and is a row.
  private var first: TableRow?
  /// Rows that could be read, and those among them that do not concern calls.
  package private(set) var read = 0
  package private(set) var passedOver = 0
  /// How many events there were of each type.
  package private(set) var types: [String: Int] = [:]
  private let tape = JSONTape()
  private let sha = SHA256()

  package init(_ file: TextFile, _ format: CallsFormat) throws(TableError) {
    self.format = format
    let beginning = UnsafeMutableRawBufferPointer.allocate(byteCount: 40, alignment: 1)
    defer { beginning.deallocate() }
    let count = try file.read(at: 0, into: beginning)
    isRejected = String(decoding: beginning[..<count], as: UTF8.self).contains(RejectFile.columns[0])
    if case .queueLog = format, !isRejected {
      rows = .lines(LineFile(file, separator: UInt8(ascii: "|")))
      return
    }
    guard count > 0 else {
      rows = .none
      return
    }
    let reader = try TableReader(file, encoding: .utf8)
    rows = .table(reader)
    guard !isRejected else { return }
    if case .cdr(var cdr) = format, CallDetailRecord.isHeading(reader.header) {
      cdr.columns = reader.header.map { $0.lowercased() }
      self.format = .cdr(cdr)
    } else {
      first = TableRow(line: reader.headerLine, cells: reader.header)
    }
  }

  /// The next row that is not blank; nil at the end.
  package func next() throws(TableError) -> TableRow? {
    if let row = first.take() { return row }
    switch rows {
    case .none: return nil
    case .lines(let lines): return try lines.next()
    case .table(let reader):
      guard var row = try reader.next() else { return nil }
      if isRejected { row.cells.removeFirst(min(row.cells.count, RejectFile.columns.count)) }
      return row
    }
  }

  /// Calls `body` with each event of the row, as a line to publish. What the worker would refuse is refused here, where somebody
  /// sits who can mend it.
  /// - Parameter isPublished: false only checks the row, and calls nothing.
  package func read(_ row: TableRow, isPublished: Bool, _ body: (PublishLine) -> Void) throws(Refusal) {
    guard let events = try events(of: row) else {
      read += 1
      passedOver += 1
      return
    }
    let checked = try events.map { (event) throws(Refusal) in (event, try bytes(of: event)) }
    read += 1
    for (event, bytes) in checked {
      types[event.type, default: 0] += 1
      if isPublished { line(of: event, bytes, body) }
    }
  }

  /// nil of a row that does not concern calls.
  private func events(of row: TableRow) throws(Refusal) -> [CallEvents]? {
    if let damage = row.damage { throw damage }
    switch format {
    case .cdr(let cdr): return try cdr.read(row.cells)
    case .queueLog(let log):
      switch try log.read(row.cells) {
      case .events(let events): return events
      case .passedOver: return nil
      }
    }
  }

  /// As the worker will read it.
  private func bytes(of event: CallEvents) throws(Refusal) -> [UInt8] {
    let bytes = JSONWriter.object { event.write(to: &$0) }
    let result: Result<Void, Refusal> = bytes.withUnsafeBytes { bytes in
      Result { () throws(Refusal) in
        try tape.read(bytes) { (object: JSONObject) throws(Refusal) in
          _ = try CallEvents(type: event.type, reading: object)
        }
      }
    }
    try result.get()
    return bytes
  }

  private func line(of event: CallEvents, _ bytes: [UInt8], _ body: (PublishLine) -> Void) {
    bytes.withUnsafeBytes { bytes in
      var line = PublishLine(value: bytes)
      line.type = event.type
      line.source = "/millrace/calls/import"
      line.key = event.key
      let print = sha.fingerprint(of: bytes)
      line.id = String(print.high, radix: 16) + "-" + String(print.low, radix: 16)
      body(line)
    }
  }

  /// The row with its columns as a reject file has them, whatever their order in the file that is read.
  package func ordered(_ row: TableRow) -> TableRow {
    guard case .cdr(let cdr) = format, cdr.columns != CallDetailRecord.header else { return row }
    var ordered = row
    ordered.cells = CallDetailRecord.header.map { cdr.cell($0, of: row.cells) }
    return ordered
  }
}

/// What a telephone system writes of its calls.
package enum CallsFormat {
  case queueLog(QueueLog)
  case cdr(CallDetailRecord)

  /// Of a reject file.
  package var header: [String] {
    switch self {
    case .queueLog: QueueLog.header
    case .cdr: CallDetailRecord.header
    }
  }
}
