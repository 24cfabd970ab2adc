import Foundation
import Testing
import Values

@testable import Tables

@Suite struct RejectFileTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv").path

  private func write(_ rows: [[String]], header: [String]) throws {
    let file = try RejectFile(path, header: header)
    for (index, cells) in rows.enumerated() {
      try file.add(
        TableRow(line: index + 2, cells: cells), Refusal("wrong-byte", at: "name", "a sentence, with a comma"))
    }
    try file.finish()
  }

  @Test("rejected rows come back cell by cell, whatever stands in them")
  func roundTrip() throws {
    defer { unlink(path) }
    let rows = [
      ["=1+1", "+8613812345678"], ["-5", "@x"], ["a,b", "say \"no\""], ["two\nlines", "\tx"], ["王;明", ""],
      ["'=x", "＝1"], ["1", "2", "3"],
    ]
    try write(rows, header: ["name", "phone"])
    let reading = try TableReading(try Data(contentsOf: URL(filePath: path)).map { $0 })
    #expect(reading.header == RejectFile.columns + ["name", "phone"])
    var mended: Set<Cell.Mending> = []
    let back = try reading.rows.map { row in try row.cells.dropFirst(4).map { try Cell.text($0, &mended) ?? "" } }
    // An apostrophe that was there cannot be told from one that was put there: it was put there by a spreadsheet, too.
    #expect(back == rows.map { $0.map { Cell.trimmed($0 == "'=x" ? "=x" : $0) } })
    #expect(
      reading.rows.map { Array($0.cells.prefix(4)) }[0] == ["2", "name", "wrong-byte", "a sentence, with a comma"])
    for cell in reading.cells.joined() {
      #expect(cell.unicodeScalars.first.map(Cell.isFormulaMark) != true, "a spreadsheet would calculate \(cell)")
    }
  }

  @Test("rejected once more, a row keeps one set of reasons")
  func again() throws {
    defer { unlink(path) }
    try write([["9", "f", "r", "m", "1", "2"]], header: RejectFile.columns + ["name", "phone"])
    let reading = try TableReading(try Data(contentsOf: URL(filePath: path)).map { $0 })
    #expect(reading.header == RejectFile.columns + ["name", "phone"])
    #expect(reading.cells == [["2", "name", "wrong-byte", "a sentence, with a comma", "1", "2"]])
  }

  @Test("another table that lies there is kept, the same one is replaced, and none is left where nothing was rejected")
  func existing() throws {
    defer {
      unlink(path)
      unlink(path + ".part")
    }
    try write([], header: ["a"])
    #expect(access(path, F_OK) != 0 && access(path + ".part", F_OK) != 0)
    try write([["1"]], header: ["a"])
    try write([["1"]], header: ["a"])
    let failure = #expect(throws: TableError.self) { try write([["2"]], header: ["a"]) }
    #expect(failure?.description.contains("is another table") == true)
    #expect(try TableReading(try Data(contentsOf: URL(filePath: path)).map { $0 }).cells[0].last == "1")
  }
}
