import Campaigns
import Testing

@Suite struct FilterTests {
  private func problem(_ text: String, _ kind: CampaignDefinition.Kind = .customers) -> String? {
    do throws(FilterError) {
      _ = try Filter(text, of: kind)
      return nil
    } catch { return error.description }
  }

  @Test(
    "what is a filter is taken",
    arguments: [
      "level in (gold, platinum) and assets >= 500000 CNY", "age between 30 and 55", "risk > C2 or risk is unknown",
      "not (tag = \"vip\" or tag = 大客户)", "NOT level = gold AND status In (dormant, closed)",
      "birthday between 12-20 and 01-10",
      "region under CN-JS and region != \"CN-JS/Nanjing\"", "branch under SH", "changed > 30 days ago",
      "changed between 2026-01-31 and 2026-02-28", "level = \"and\"", "level = \"a \\\"b\\\" \\\\ c\"",
      "manager = P-1001", "birthday = 02-29", "list = seminar-guests and list != \"vip\" or list in (a, b)",
    ])
  func taken(_ text: String) { #expect(problem(text) == nil) }

  @Test(
    "what is none is refused with its place and what was expected",
    arguments: [
      ("", "line 1, column 1: a field, `not` or `(` was expected, the end was found"),
      ("levle = gold", "line 1, column 1: there is no field `levle`; did you mean `level`?"),
      ("level = gold, silver", "line 1, column 13: `and`, `or` or the end was expected, `,` was found"),
      ("level > gold", "line 1, column 7: `=`, `!=`, `in`, `is` was expected, `>` was found"),
      ("level =\n  and", "line 2, column 3: a word, or a text in quotes was expected, `and` was found"),
      (
        "assets >= 500000",
        "line 1, column 11: an amount and its currency, as in 500000 CNY was expected, `500000` was found"
      ),
      ("assets between 1 CNY and 2 USD", "line 1, column 26: both amounts have one currency"),
      ("age between 55 and 30", "line 1, column 20: the second is less than the first"),
      ("age = -1", "line 1, column 7: a number of years from 0 to 150 was expected, `-1` was found"),
      ("risk = C6", "line 1, column 8: a rating from C1 to C5 was expected, `C6` was found"),
      (
        "birthday = 02-30",
        "line 1, column 12: month and day as in 12-31, or as in today + 3 days was expected, `02-30` was found"
      ),
      (
        "region under Jiangsu",
        "line 1, column 14: there is no region `Jiangsu`: a region as in CN, CN-JS or \"CN-JS/Nanjing\" was expected"
      ),
      (
        "region = \"CN-JS/Nanjin\"",
        "line 1, column 10: there is no region `CN-JS/Nanjin`; did you mean `CN-JS/Nanjing`?"
      ),
      ("region = Nanjing", "line 1, column 10: there is no region `Nanjing`; did you mean `CN-JS/Nanjing`?"),
      ("list is known", "line 1, column 6: `=`, `!=`, `in` was expected, `is` was found"),
      ("list under a", "line 1, column 6: `=`, `!=`, `in` was expected, `under` was found"),
      ("status = removed", "line 1, column 10: one of active, dormant, closed was expected, `removed` was found"),
      (
        "changed > 5 fortnights ago",
        "line 1, column 11: a day as in 2027-01-31, or a time back from now as in 30 days ago was expected, `5` was found"
      ),
      ("(level = gold", "line 1, column 14: `and`, `or` or `)` was expected, the end was found"),
      ("level = \"gold", "line 1, column 9: the quotes are not closed"),
      (
        "level = gold; drop table customer", "line 1, column 13: `;` stands in no word: a text with it stands in quotes"
      ),
      ("level = 'gold'", "line 1, column 9: `'` stands in no word: a text with it stands in quotes"),
      ("level ! gold", "line 1, column 7: `!=` was expected"),
      ("level = \"\\n\"", "line 1, column 11: after `\\` in quotes `\"` or `\\` was expected"),
      (
        "state = owned",
        "line 1, column 1: there is no field `state`; these are: age, assets, birthday, branch, changed, language, level, list, manager, number, region, risk, status, tag"
      ),
    ])
  func refused(_ text: String, _ expected: String) { #expect(problem(text) == expected) }

  @Test("leads have fields of their own")
  func leads() {
    #expect(problem("state in (owned, pooled) and source = web and registered > 3 months ago", .leads) == nil)
    #expect(problem("assets > 5 CNY", .leads)?.contains("there is no field `assets`") == true)
  }

  @Test("length, depth and values are bounded")
  func bounds() {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "level = a" + String(repeating: ")", count: depth)
    }
    #expect(problem(nested(Filter.deepest)) == nil)
    #expect(problem(nested(Filter.deepest + 1))?.contains("deeper than 50") == true)
    #expect(problem(String(repeating: "not ", count: 51) + "level = a")?.contains("deeper than 50") == true)
    func values(_ count: Int) -> String {
      "level in (" + (0..<count).map { "v\($0)" }.joined(separator: ",") + ")"
    }
    #expect(problem(values(Filter.mostValues)) == nil)
    #expect(problem(values(Filter.mostValues + 1))?.contains("at most 1000 values") == true)
    #expect(problem("level = " + String(repeating: "a", count: Filter.longest))?.contains("at most 10000") == true)
  }
}
