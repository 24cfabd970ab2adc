import Seeding
import Testing

@testable import Tables

@Suite struct TableReaderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let about: String
    let text: String
    let rows: [[String]]
    var damages: [String] = []
    var testDescription: String { about }
  }

  /// The heading is `a,b`, on the first line.
  static let cases = [
    Case(about: "line feeds", text: "a,b\n1,2\n3,4\n", rows: [["1", "2"], ["3", "4"]]),
    Case(about: "no line break at the end", text: "a,b\n1,2\n3,4", rows: [["1", "2"], ["3", "4"]]),
    Case(about: "CRLF", text: "a,b\r\n1,2\r\n3,4\r\n", rows: [["1", "2"], ["3", "4"]]),
    Case(about: "CR alone", text: "a,b\r1,2\r3,4\r", rows: [["1", "2"], ["3", "4"]]),
    Case(about: "all line breaks", text: "a,b\r1,2\n3,4\r\n5,6", rows: [["1", "2"], ["3", "4"], ["5", "6"]]),
    Case(about: "quotes", text: "a,b\n\"1\",\"2\"\n", rows: [["1", "2"]]),
    Case(about: "a separator in quotes", text: "a,b\n\"1,5\",2\n", rows: [["1,5", "2"]]),
    Case(about: "a line break in quotes", text: "a,b\n\"1\r\n5\",2\n3,4", rows: [["1\r\n5", "2"], ["3", "4"]]),
    Case(about: "doubled quotes", text: "a,b\n\"he said \"\"no\"\"\",\"\"\"\"\n", rows: [["he said \"no\"", "\""]]),
    Case(about: "blanks around quotes", text: "a,b\n \"1\" , \"2\"\n", rows: [["1", "2"]]),
    Case(about: "a quote in the middle", text: "a,b\n5\" pipe,=\"012\"\n", rows: [["5\" pipe", "=\"012\""]]),
    Case(about: "an empty cell in quotes", text: "a,b\n\"\",2\n", rows: [["", "2"]]),
    Case(about: "fewer cells than headings", text: "a,b\n1\n", rows: [["1"]]),
    Case(about: "empty cells behind the last", text: "a,b\n1,2,,\n", rows: [["1", "2", "", ""]]),
    Case(about: "blank lines", text: "a,b\n\n1,2\n , \n\r\n3,4\n\n", rows: [["1", "2"], ["3", "4"]]),
    Case(
      about: "too many cells", text: "a,b\n1,2,3\n4,5", rows: [["1", "2", "3"], ["4", "5"]],
      damages: ["2: cell 3: too-many-cells"]),
    Case(
      about: "a quote without end costs one line", text: "a,b\n1,\"2\n3,4\n5,6",
      rows: [["1", "\"2"], ["3", "4"], ["5", "6"]], damages: ["2: b: unclosed-quote"]),
    Case(
      about: "two quotes without end, a line each", text: "a,b\n1,\"2\n3,4\n5,\"6\n7,8\n",
      rows: [["1", "\"2"], ["3", "4"], ["5", "\"6"], ["7", "8"]],
      damages: ["2: b: text-after-quote", "4: b: unclosed-quote"]),
    Case(
      about: "text behind a closing quote", text: "a,b\n\"1\"x,2\n3,4", rows: [["\"1\"x", "2"], ["3", "4"]],
      damages: ["2: a: text-after-quote"]),
    Case(
      about: "a quote without end in the last line", text: "a,b\n1,2\n\"3,4", rows: [["1", "2"], ["\"3", "4"]],
      damages: ["3: a: unclosed-quote"]),
    Case(
      about: "U+0000", text: "a,b\n1,2\u{0}\n3,4", rows: [["1", "2\u{0}"], ["3", "4"]],
      damages: ["2: b: nul-character"]),
  ]

  @Test("rows are read as they were meant", arguments: cases)
  func rows(_ example: Case) throws {
    let reading = try TableReading(example.text)
    #expect(reading.header == ["a", "b"])
    #expect(reading.cells == example.rows)
    #expect(reading.damages == example.damages)
  }

  @Test("rows say on which lines they stand")
  func lines() throws {
    let reading = try TableReading("\n\na,b\n1,\"2\n\n3\"\n\n4,5\r\n6,\"7\n8\"")
    #expect(reading.headerLine == 3)
    #expect(reading.rows.map(\.line) == [4, 8, 9])
    #expect(reading.rows.map(\.lines) == [3, 1, 2])
    #expect(reading.blankLines == 3)
  }

  @Test(
    "the separator is found in the first line",
    arguments: [
      ("a,b\n1,2", "comma"), ("a;b\n1;2", "semicolon"), ("a\tb\n1\t2", "tab"), ("a，b\n1，2", "full-width comma"),
      ("\"x,y,z\";b\n\"1\";2", "semicolon"), ("sep=;\na,x;b\n1;2", "semicolon"), ("sep=\t\r\na\tb\n1\t2", "tab"),
      ("a\n1", "comma"),
    ])
  func separators(text: String, name: String) throws {
    let reading = try TableReading(text)
    #expect(reading.separator.name == name)
    #expect(reading.cells.last?.last == (reading.header.count == 1 ? "1" : "2"))
  }

  @Test("a line too long is one damaged row, and the next ones are read")
  func longLine() throws {
    let long = String(repeating: "x", count: TableReader.longestRow * 2)
    for lineBreak in ["\n", "\r\n", "\r"] {
      let reading = try TableReading("a,b\(lineBreak)1,2\(lineBreak)\(long),3\(lineBreak)4,5")
      #expect(reading.damages == ["3: : too-long"])
      #expect(reading.cells.last == ["4", "5"])
      #expect(reading.rows.map(\.line) == [2, 3, 4])
      #expect(reading.rows[1].cells[0].utf8.count == 1000)
    }
  }

  @Test("a quote without end before a great deal of text costs one line")
  func farQuote() throws {
    let many = String(repeating: "3,4\n", count: TableReader.longestRow / 2)
    let reading = try TableReading("a,b\n\"1,2\n" + many)
    #expect(reading.damages == ["2: a: unclosed-quote"])
    #expect(reading.rows.count == TableReader.longestRow / 2 + 1)
  }

  @Test("rows that lie across the pieces of reading are whole")
  func pieces() throws {
    for shift in 0..<8 {
      var text = "a,b\r\n" + String(repeating: "x", count: shift) + ",\"y\"\r\n"
      let row = "\"王小\"\"明\",二\r\n"
      while text.utf8.count < TextFile.pieceSize + 100 { text += row }
      let reading = try TableReading(text)
      #expect(reading.damages.isEmpty)
      #expect(reading.cells.dropFirst().allSatisfy { $0 == ["王小\"明", "二"] })
      #expect(reading.rows.map(\.line) == Array(2..<reading.rows.count + 2))
    }
  }

  @Test(
    "what is no table of text is named",
    arguments: [
      ([0x50, 0x4B, 3, 4, 0, 0], "workbook (.xlsx)"), ([0xD0, 0xCF, 0x11, 0xE0], "workbook (.xls)"),
      ([0x1F, 0x8B, 8], "gzip"), ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0x61, 0, 0x2C, 0, 0x62, 0], "--encoding utf-16le"),
      ([], "has no lines"), ([0x0A, 0x20, 0x0A], "has no lines"), ([0xEF, 0xBB, 0xBF], "has no lines"),
      (Array("\"a,b\n1,2\n".utf8), "line 1: cell 1: unclosed-quote"),
    ])
  func notText(bytes: [UInt8], sentence: String) throws {
    let failure = #expect(throws: TableError.self) { try TableReading(bytes) }
    #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
  }

  @Test("random bytes are read to their end, every line in one row or blank")
  func random() throws {
    var dice = Seeded()
    let ugly: [[UInt8]] = [
      [0x22], [0x22, 0x22], [0x2C], [0x0A], [0x0D], [0x0D, 0x0A], [0], [0xFF], [0x81, 0x30], Array("王".utf8),
      [0xEF, 0xBC], [0x3B], [0x09], Array("13812345678".utf8), [0x20], [0xCD, 0xF5],
    ]
    for round in 0..<600 {
      var bytes = Array("a,b,c\n".utf8)
      for _ in 0..<Int.random(in: 0..<400, using: &dice) {
        bytes +=
          Bool.random(using: &dice) ? ugly.randomElement(using: &dice)! : [UInt8.random(in: 0...255, using: &dice)]
      }
      let encoding = TextEncoding.allCases[round % 2]
      let reading = try TableReading(bytes, encoding: encoding)
      var breaks = 0
      for (at, byte) in bytes.enumerated() {
        if byte == 0x0A || (byte == 0x0D && (at + 1 == bytes.count || bytes[at + 1] != 0x0A)) { breaks += 1 }
      }
      let lines = breaks + (bytes.last == 0x0A || bytes.last == 0x0D ? 0 : 1)
      let seen = reading.rows.reduce(0) { $0 + $1.lines } + reading.blankLines + 1
      #expect(seen == lines, "\(bytes)")
      guard seen == lines else { return }
      for (one, other) in zip(reading.rows, reading.rows.dropFirst()) { #expect(one.line + one.lines <= other.line) }
    }
  }
}
