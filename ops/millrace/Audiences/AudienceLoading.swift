internal import Imports
internal import Postgres
internal import Printing
internal import Tables
internal import Values

/// Goes through a table and puts the people of its rows on a list, a chunk of them in each transaction. In memory is one chunk.
struct AudienceLoading {
  /// A row, and who is meant by it.
  private typealias Read = (row: TableRow, person: Result<AudienceRowReader.Person, Refusal>)

  private let list: Int64
  private let reader: TableReader
  private var rows: AudienceRowReader
  private let rejects: RejectFile?
  private let session: Connection
  private let output: Output
  private var bad: BadRows
  private var lines = 0
  private var seconds = 0.0

  init(
    _ list: Int64, _ reader: TableReader, _ rows: AudienceRowReader, _ rejects: RejectFile?, _ session: Connection,
    _ output: Output
  ) {
    (self.list, self.reader, self.rows, self.rejects) = (list, reader, rows, rejects)
    (self.session, self.output) = (session, output)
    bad = BadRows(of: reader, rows.map)
  }

  mutating func go(by size: Int) throws {
    let start = ContinuousClock.now
    var progress = Progress(of: reader.file.size, output)
    defer { progress.end() }
    var chunk: [Read] = []
    chunk.reserveCapacity(size)
    while let row = try reader.next() {
      lines += 1
      chunk.append((row, Result { () throws(Refusal) in try rows.read(row) }))
      guard chunk.count == size else { continue }
      try add(chunk, &progress)
      chunk.removeAll(keepingCapacity: true)
      progress.show(done: reader.offset, rows: lines)
    }
    try add(chunk, &progress)
    seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  /// Bad rows are told in the order of the file.
  private mutating func add(_ chunk: [Read], _ progress: inout Progress) throws {
    let people = chunk.compactMap { read in if case .success(let person) = read.person { person } else { nil } }
    var answers: [Int64: String] = [:]
    if !people.isEmpty {
      for row in try session.rows(
        "select place, answer from add_to_audience($1, $2, $3)",
        { [list, rows] in
          $0.integer(list)
          $0.texts(people) { $0.key }
          $0.texts(rows.kept.isEmpty ? [] : people) { $0.told }
        })
      { answers[row.integer(0)] = row.text(1) }
    }
    var place: Int64 = 0
    for (row, person) in chunk {
      let refusal: Refusal?
      switch person {
      case .failure(let damage): refusal = damage
      case .success:
        place += 1
        refusal = answers[place].map { Self.refusal($0, at: rows.key.field.name) }
      }
      guard let refusal else { continue }
      let (named, sentence) = bad.add(refusal, of: row)
      try rejects?.add(row, named)
      if let sentence {
        progress.end()
        output.complain(sentence)
      }
    }
  }

  /// What `add_to_audience` answers, as a sentence.
  private static func refusal(_ answer: String, at field: String) -> Refusal {
    switch answer {
    case "nobody": Refusal("nobody", at: field, "nobody whom you may reach has it")
    case "several": Refusal("several", at: field, "several customers have it: name the one who is meant by their id")
    default: Refusal("repeated", at: field, "this person is on the list already")
    }
  }

  func finish(_ name: String) throws -> Exit {
    let row = try session.rows("select customers, leads from end_audience($1, $2, $3)") {
      $0.integer(list)
      $0.integer(Int64(lines))
      $0.integer(Int64(bad.count))
    }[0]
    try rejects?.finish()
    let (customers, leads) = (row.integer(0), row.integer(1))
    let summary = summary(name, customers, leads)
    if output.isJSON {
      output.showUpright(summary)
    } else {
      bad.show(output)
      output.write("\n" + summary.upright)
    }
    if let rejects, rejects.count > 0 { output.note("The lines that put nobody on the list are in \(rejects.path).") }
    guard customers + leads > 0 else {
      output.complain("nobody is on it, so that there is no list \(name).")
      return .no
    }
    output.note("Campaigns name it in their filters: list = \"\(name)\". `millrace audience show \(name)` shows it.")
    return bad.count > 0 ? .no : .done
  }

  private func summary(_ name: String, _ customers: Int64, _ leads: Int64) -> Table {
    var table = Table(
      .left("list"), .left("by"), .left("column"), .left("file"), .left("encoding"), .left("separator"),
      .right("lines"), .right("customers"), .right("leads"), .right("refused"), .left("reasons"), .left("mended"),
      .right("blankLines"), .right("seconds"))
    table.add(
      .text(name), .text(rows.key.rawValue), .text(optional: rows.map[rows.key.field.name].map(reader.column)),
      .text(reader.file.name), .text(reader.encoding.rawValue), .text(reader.separator.name), people(Int64(lines)),
      people(customers), people(leads), people(Int64(bad.count)), bad.cell, rows.mended.cell,
      .number(Int64(reader.blankLines)), .decimal(seconds))
    return table
  }
}
