import Testing
import Values

@testable import Printing

@Suite struct TableTests {
  @Test(
    "width is that of a terminal",
    arguments: [
      ("", 0), ("abc", 3), ("陈伟", 4), ("P1 陈", 5), ("e\u{301}", 1), ("🚰", 2), ("ｆ", 2), ("→", 1), ("内蒙古分公司", 12),
    ])
  func width(text: String, columns: Int) { #expect(displayWidth(text) == columns) }

  @Test("columns align whatever is in them")
  func aligned() {
    var table = Table(.left("name"), .right("openLeads"), .left("why"))
    table.add(.text("陈伟"), .number(5), .none)
    table.add(.text("P0001"), .decimal(12.34), .text("on-leave"))
    #expect(
      table.aligned == """
        NAME    OPEN LEADS   WHY
        陈伟             5   -
        P0001         12.3   on-leave

        """)
  }

  @Test("a table too wide for the terminal moves closer, then says once what all its rows have in common")
  func narrow() {
    var table = Table(.left("worker"), .left("reason"), .right("letters"))
    table.add(.text("allocate-leads"), .text("missing"), .number(3))
    #expect(table.fitted(to: nil) == table.aligned && table.fitted(to: 34) == table.aligned)
    #expect(table.fitted(to: 33) == table.aligned(gap: 2) && table.fitted(to: 20) == table.upright)
    table.add(.text("allocate-leads"), .text("twice"), .number(12))
    #expect(
      table.fitted(to: 20) == """
        All: worker allocate-leads
        REASON    LETTERS
        missing         3
        twice          12

        """)
    var much = Table(.left("worker"), .left("topic"), .left("state"), .left("id"))
    for id in ["1", "2"] { much.add(.text("allocate-leads"), .text("lead.registered"), .none, .text(id)) }
    #expect(much.fitted(to: 30) == "All: worker allocate-leads,\n  topic lead.registered,\n  no state\nID\n1\n2\n")
    var wide = Table(.right("id"), .left("reason"), .left("path"), .left("source"), .left("detail"))
    wide.add(.number(1), .text("wrong-type"), .text("phone"), .text("/shop"), .text("a string was expected, not 7"))
    wide.add(.number(2), .text("empty"), .none, .text("/web"), .text("no value"))
    #expect(
      wide.fitted(to: 24) == """
        ID  REASON      PATH
         1  wrong-type  phone
            source /shop, a
            string was expected,
            not 7
         2  empty       -
            source /web, no
            value

        """)
    var nothingInCommon = Table(.left("a"), .left("b"))
    nothingInCommon.add(.text("陈伟"), .text("1"))
    nothingInCommon.add(.text("王"), .text("2"))
    #expect(nothingInCommon.fitted(to: 3) == nothingInCommon.aligned(gap: 2))
  }

  @Test("the same cells are JSON, whatever characters are in them")
  func json() {
    var table = Table(.left("text"), .left("flag"), .left("time"), .right("number"), .left("nothing"))
    table.add(
      .text("a\"\\\n\u{1}陈"), .boolean(true), .time(Timestamp(microseconds: 0)), .decimal(0.5), .none)
    #expect(
      table.json == """
        [
        {"text":"a\\"\\\\\\n\\u0001陈","flag":true,"time":"1970-01-01T00:00:00.000000Z","number":0.5,"nothing":null}
        ]

        """)
    #expect(Table(.left("a")).json == "[]\n")
  }

  @Test("what could move the cursor or turn the line is shown as escapes")
  func harmless() {
    #expect(printable("a\u{1B}[2Jb\n\u{202E}c") == "a\\u{1b}[2Jb\\u{a}\\u{202e}c")
    #expect(printable("家庭 👨‍👩‍👧") == "家庭 👨‍👩‍👧")
  }
}
