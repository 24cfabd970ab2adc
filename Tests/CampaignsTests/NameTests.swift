import Postgres
import Seeding
import TestKit
import Testing
import Values

@testable import Campaigns

/// What filters name that nobody has, and lists.
@Suite struct NameTests {
  private static let lists = """
    insert into person (id, code, branch_id, name, login) overriding system value values (9, 'P-9', 1, 'loader', session_user);
    insert into audience_list (id, name, key, branch_id, author_id, whole_at) overriding system value values
      (1, 'guests', 'phone', 1, 9, now()), (2, 'vip', 'phone', 1, 9, now()), (3, 'half', 'phone', 1, 9, null);
    insert into audience_member (list_id, of_leads, subject) values
      (1, false, 1), (1, false, 3), (1, false, 5), (2, false, 3), (2, false, 4), (3, false, 2), (1, true, 2), (2, true, 1);
    insert into lead (id, phone, region, name, source, state, branch_id, owner_id, protected_since, protected_until, version, registered_at)
      select n, 8613800000000 + n, 'CN-JS', '王', 'web', 'owned', 2, 1, now(), now(), 1, now() from generate_series(1, 3) n;
    """

  @Test("a filter of a list finds those who are on it, customers and leads apart")
  func lists() throws {
    try Firm.open(NameTests.lists) { (firm: Firm) throws in
      for number in 1...6 { try firm.add(Customer(Int64(number), ["level": number < 4 ? "'gold'" : "'silver'"])) }
      for (filter, expected) in [
        ("list = guests", [1, 3, 5]), ("list != guests", [2, 4, 6]), ("list in (guests, vip)", [1, 3, 4, 5]),
        ("list = guests and list = vip", [3]), ("list = guests and not list = vip", [1, 5]),
        ("level = gold or list = vip", [1, 2, 3, 4]), ("not (list = guests or list = vip)", [2, 6]),
        ("list = \"guests\" and level = silver", [5]),
      ] as [(String, [Int64])] { #expect(try firm.people(filter) == expected, "\(filter)") }
      #expect(try firm.people("list = guests", .leads) == [2])
      #expect(try firm.people("list != guests", .leads) == [1, 3])
      let excluding = try CampaignDefinition.of("list = guests", .customers, #", "exclude": "list = vip""#)
      #expect(try firm.outcomes(excluding) == ["1 send", "5 send"])
    }
  }

  @Test("counts of a list's audience are those of its pages, those who are excluded among them")
  func counts() throws {
    try Firm.open(NameTests.lists) { (firm: Firm) throws in
      for number in 1...6 { try firm.add(Customer(Int64(number))) }
      let definition = try CampaignDefinition.of("list in (guests, vip)", .customers, #", "exclude": "list = vip""#)
      let counts: [AudienceCount] = try firm.run(firm.audience(definition).counts())
      #expect(counts.filter { $0.outcome == .send }.reduce(0) { $0 + $1.people } == 2)
      #expect(counts.filter { $0.outcome == .excluded }.reduce(0) { $0 + $1.people } == 2)
    }
  }

  @Test(
    "what nobody has is refused with its place",
    arguments: [
      (
        "level = gold and branch under SHX", .customers, "",
        "audience.customers: unknown-branch: line 1, column 31: there is no branch `SHX`"
      ),
      (
        "branch in (SH,\n  \"BJ\", XX)", .leads, "",
        "audience.leads: unknown-branch: line 2, column 9: there is no branch `XX`"
      ),
      (
        "manager != P-4", .customers, "",
        "audience.customers: unknown-person: line 1, column 12: there is no person `P-4`"
      ),
      (
        "owner = P-1 or owner = p-1", .leads, "",
        "audience.leads: unknown-person: line 1, column 24: there is no person `p-1`"
      ),
      (
        "list = quests", .customers, "", "audience.customers: unknown-list: line 1, column 8: there is no list `quests`"
      ),
      ("list = half", .customers, "", "audience.customers: unknown-list: line 1, column 8: there is no list `half`"),
      (
        "level = gold", .customers, #", "exclude": "not (list = guests or list != x)""#,
        "exclude: unknown-list: line 1, column 31: there is no list `x`"
      ),
      ("level = gold", .customers, #", "columnsOf": "quests""#, "columnsOf: unknown-list: there is no list `quests`"),
      (
        "branch = SH and manager = P-1 and list = guests", .customers,
        #", "exclude": "list = vip", "columnsOf": "vip""#, nil
      ),
    ] as [(String, CampaignDefinition.Kind, String, String?)])
  func unknown(_ filter: String, _ kind: CampaignDefinition.Kind, _ more: String, _ expected: String?) throws {
    try Firm.open(NameTests.lists) { (firm: Firm) throws in
      let definition = try CampaignDefinition.of(filter, kind, more)
      let names = try firm.run(CampaignNames.ask(definition))
      #expect(Result { () throws(Refusal) in try names.check(definition) }.refusal == expected)
    }
  }

  @Test(
    "what a list says of people their template can be told, after the definition's own words and before what else is known"
  )
  func columns() throws {
    let template = """
      insert into template (name, channel, language, version, text, stored_at, stored_by)
        values ('seat', 'sms', 'zh-CN', 1, '{{name}} {{seat}} {{table|default:"x"}} {{offer}} {{level}}', now(), 'test');
      update audience_list set columns = '{seat,name,table,offer}' where id = 1;
      update audience_member set told = array['T' || subject, case subject when 1 then '王先生' else ' ' end, '', '9 %'] where list_id = 1;
      update audience_member set told = null where list_id = 1 and subject = 5;
      """
    try Firm.open(NameTests.lists + template) { (firm: Firm) throws in
      for number in [1, 2, 3, 5] { try firm.add(Customer(Int64(number), name: "王伟", ["level": "'gold'"])) }
      let definition = try CampaignDefinition.of(
        "level = gold", .customers, #", "columnsOf": "guests""#,
        channels: #"[{"channel": "sms", "template": "seat", "language": "zh-CN"}]"#)
      let audience = try firm.audience(definition)
      let everybody = try firm.everybody(audience)
      #expect(
        everybody.map { "\($0.subject) \($0.outcome.word)" }
          == ["1 send", "2 missing-variable", "3 send", "5 missing-variable"])
      #expect(everybody.map { $0.variables["seat"] } == [.text("T1"), nil, .text("T3"), nil])
      #expect(everybody.map { $0.variables["name"] } == [.text("王先生"), .text("王伟"), .text("王伟"), .text("王伟")])
      #expect(everybody.allSatisfy { $0.variables["offer"] == .text("2.9 %") && $0.variables["table"] == nil })
      #expect(everybody.map(\.listed) == [["seat", "name"], [], ["seat"], []])
      let counts: [AudienceCount] = try firm.run(audience.counts())
      let missing = counts.filter { $0.outcome == .skipped("missing-variable") }
      #expect(missing.map(\.missing) == [["seat"]] && missing.map(\.people) == [2])
    }
  }

  @Test("what the database reads of a filter names every list that the filter asks for")
  func namesInSQL() throws {
    var random = Seeded()
    try Firm.open { (firm: Firm) throws in
      for _ in 0..<300 {
        var lists: Set<String> = []
        let filter = NameTests.filter(&random, depth: 4, &lists)
        let definition = try CampaignDefinition.of(filter)
        let escaped = filter.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        let found = try firm.session.rows("select audience_lists($1)") {
          $0.text(#"{"audience": {"customers": "\#(escaped)"}}"#)
        }[0].texts(0)
        #expect(definition.filter.names.filter { $0.kind == .list }.allSatisfy { lists.contains($0.text) })
        #expect(lists.isSubset(of: found), "\(filter)")
      }
      for (said, lists) in [
        (#"{"audience": {"leads": "list = a and state = owned"}, "exclude": "list = b"}"#, ["a", "b"]),
        (#"{"audience": {"customers": "level = gold and list = vip"}}"#, ["vip"]),
        (#"{"audience": {"customers": "list in (a,\n\"b\") or list!=\"c\" or tag = list"}}"#, ["a", "b", "c"]),
        (#"{"audience": {"customers": "level = gold"}}"#, []),
        (#"{"audience": {"customers": "level = gold"}, "columnsOf": "vip"}"#, ["vip"]),
      ] {
        #expect(try firm.session.rows("select audience_lists($1)") { $0.text(said) }[0].texts(0) == lists, "\(said)")
      }
    }
  }

  /// A filter of any shape, with blanks of any kind, and the lists in it.
  private static func filter(_ random: inout Seeded, depth: Int, _ lists: inout Set<String>) -> String {
    let blanks = [" ", "  ", "\n", "\u{2003}", "\u{3000}", " \n "]
    func pick(_ texts: [String]) -> String { texts[Int.random(in: texts.indices, using: &random)] }
    func blank() -> String { pick(blanks) }
    func name() -> String {
      let name = pick(["guests", "vip-2027", "a.b_c", "7", "x"]) + String(Int.random(in: 0..<100, using: &random))
      lists.insert(name)
      return pick([name, "\"\(name)\""])
    }
    switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &random) {
    case 0: return "list" + pick([blank(), ""]) + "=" + pick([blank(), ""]) + name()
    case 1: return "list\(blank())!=\(blank())\(name())"
    case 2: return "list\(blank())\(pick(["in", "IN", "In"]))\(blank())(\(name()),\(blank())\(name()))"
    case 3: return "level in (gold, \"list\") or tag = \"list = \\\"no\""
    case 4:
      return "(" + filter(&random, depth: depth - 1, &lists) + blank() + "and" + blank()
        + filter(&random, depth: depth - 1, &lists) + ")"
    case 5:
      return "(" + filter(&random, depth: depth - 1, &lists) + blank() + "OR" + blank()
        + filter(&random, depth: depth - 1, &lists) + ")"
    default: return "not" + blank() + "(" + filter(&random, depth: depth - 1, &lists) + ")"
    }
  }
}

extension Result where Failure == Refusal {
  fileprivate var refusal: String? { if case .failure(let refusal) = self { "\(refusal)" } else { nil } }
}
