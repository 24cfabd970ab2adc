import Testing
import Values

@testable import Tables

@Suite struct CellTests {
  @Test(
    "codes are read through what spreadsheets and keyboards do to them",
    arguments: [
      ("13812345678", "13812345678", []),
      ("  13812345678\u{A0}", "13812345678", [.blanks]),
      ("\u{200B}13812345678\u{3000}", "13812345678", [.blanks]),
      ("\u{FEFF}13812345678", "13812345678", [.blanks]),
      ("=\"013812345678\"", "013812345678", [.textMark]),
      ("'13812345678", "13812345678", [.textMark]),
      ("'+8613812345678", "+8613812345678", [.textMark]),
      ("１３８１２３４５６７８", "13812345678", [.fullWidth]),
      ("＋86　138-1234-5678", "+86 138-1234-5678", [.fullWidth]),
      ("13812345678.0", "13812345678", [.trailingZero]),
      ("13812345678.00", "13812345678", [.trailingZero]),
      ("13,812,345,678", "13812345678", [.thousands]),
      ("１３８１２３４５６７８．０", "13812345678", [.fullWidth, .trailingZero]),
      ("31010119900307123x", "31010119900307123x", []),
      ("1.5", "1.5", []), ("138,1234", "138,1234", []),
      ("", nil, []), (" \u{3000} ", nil, [.blanks]),
    ] as [(String, String?, Set<Cell.Mending>)])
  func codes(cell: String, code: String?, mended: Set<Cell.Mending>) throws {
    var found: Set<Cell.Mending> = []
    #expect(try Cell.code(cell, &found) == code)
    #expect(found == mended)
  }

  @Test(
    "what a spreadsheet has lost is refused by name",
    arguments: [
      ("1.38E+10", "rounded-by-spreadsheet"), ("1.38123E10", "rounded-by-spreadsheet"),
      ("3.10101E+17", "rounded-by-spreadsheet"), ("１.38Ｅ+10", "rounded-by-spreadsheet"),
      ("=\"1.38E+10\"", "rounded-by-spreadsheet"), ("#N/A", "spreadsheet-error"), ("#REF!", "spreadsheet-error"),
      ("########", "spreadsheet-error"),
    ])
  func lost(cell: String, reason: String) {
    var mended: Set<Cell.Mending> = []
    let refusal = #expect(throws: Refusal.self) { try Cell.code(cell, &mended) }
    #expect(refusal?.reason == reason)
  }

  @Test(
    "names keep what belongs to them",
    arguments: [
      ("张　三", "张　三"), ("O'Neill", "O'Neill"), ("'t Hooft", "'t Hooft"), ("'=1+1", "=1+1"), ("ＡＢ", "ＡＢ"),
      ("1E5", "1E5"), (" 王小明\u{A0}", "王小明"), ("#1", "#1"), ("-", "-"),
    ])
  func names(cell: String, name: String) throws {
    var mended: Set<Cell.Mending> = []
    #expect(try Cell.text(cell, &mended) == name)
  }
}
