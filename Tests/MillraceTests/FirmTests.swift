import Testing
import Values

@testable import millrace

@Suite struct FirmTests {
  /// 2026-06-01.
  private static let now = Timestamp(microseconds: 1_780_272_000_000_000)

  private static let known: Firm = {
    var firm = Firm()
    firm.branches = [Firm.Branch(code: "HQ", name: "hq", parent: nil, level: "head-office")]
    firm.calendars = [Firm.Calendar(code: "C", name: "c")]
    firm.policies = [Firm.Policy(days: 7)]
    return firm
  }()

  private func refusal(_ json: String) -> String? {
    do throws(Refusal) {
      let firm = try Firm(reading: Array(json.utf8))
      try firm.check(firm.loaded(over: Self.known), now: Self.now)
      return nil
    } catch {
      return "\(error.path) \(error.reason)"
    }
  }

  @Test(
    "what is wrong is named with its path",
    arguments: [
      (#"{"branches": [{"code": "A", "name": "a", "level": "village"}]}"#, "branches[0].level unknown-word"),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "parent": "B"}]}"#,
        "branches[0].parent unknown-branch"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "parent": "B"}, {"code": "B", "name": "b", "level": "city", "parent": "A"}]}"#,
        "branches[0].parent circle"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "parent": "HQ"}, {"code": "HQ", "name": "b", "level": "city", "parent": "A"}]}"#,
        "branches[0].parent circle"
      ),
      (#"{"branches": [{"code": "A", "name": "a", "level": "city", "parent": "A"}]}"#, "branches[0].parent circle"),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "dayEnd": "25:00"}]}"#,
        "branches[0].dayEnd not-a-time"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "dayEnd": "-1:00"}]}"#,
        "branches[0].dayEnd not-a-time"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "calendar": "X"}]}"#,
        "branches[0].calendar unknown-calendar"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "method": "lottery"}]}"#,
        "branches[0].method unknown-word"
      ),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "catchup": 3}]}"#,
        "branches[0].catchup unknown-field"
      ),
      (#"{"persons": []}"#, "persons unknown-field"),
      (#"{"people": [{"code": "P", "name": "p"}]}"#, "people[0].branch missing"),
      (#"{"people": [{"code": "P", "name": "p", "branch": "X"}]}"#, "people[0].branch unknown-branch"),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ", "calendar": "X"}]}"#,
        "people[0].calendar unknown-calendar"
      ),
      (#"{"people": [{"code": "P", "name": "p", "branch": "HQ", "weight": -1}]}"#, "people[0].weight out-of-range"),
      (#"{"people": [{"code": "P", "name": "p", "branch": "HQ", "dailyCap": -1}]}"#, "people[0].dailyCap out-of-range"),
      (#"{"people": [{"code": "P", "name": "p", "branch": "HQ", "capasity": 9}]}"#, "people[0].capasity unknown-field"),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ"}, {"code": "P", "name": "q", "branch": "HQ"}]}"#,
        "people[1] twice"
      ),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ", "login": "l"}, {"code": "Q", "name": "q", "branch": "HQ", "login": "l"}]}"#,
        "people[1].login twice"
      ),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ", "leaveFrom": "2026-02-02T00:00:00Z", "leaveUntil": "2026-02-01T00:00:00Z"}]}"#,
        "people[0].leaveUntil out-of-order"
      ),
      (#"{"sources": [{"code": "bank", "kind": "institution"}]}"#, "sources[0].branch missing"),
      (#"{"sources": [{"code": "bank", "kind": "institution", "branch": "X"}]}"#, "sources[0].branch unknown-branch"),
      (#"{"sources": [{"code": "web", "kind": "channel", "branch": "HQ"}]}"#, "sources[0].branch out-of-place"),
      (#"{"sources": [{"code": "web", "kind": "channel", "keeps": "person"}]}"#, "sources[0].keeps out-of-place"),
      (#"{"rules": [{"region": "CN-ZZ", "branch": "HQ"}]}"#, "rules[0].region unknown-region"),
      (#"{"rules": [{"region": "CN-GD"}]}"#, "rules[0].branch missing"),
      (#"{"rules": [{"valueFrom": "1000", "branch": "HQ"}]}"#, "rules[0].currency missing"),
      (#"{"rules": [{"currency": "CNY", "branch": "HQ"}]}"#, "rules[0].currency out-of-place"),
      (#"{"rules": [{"valueFrom": "1e3", "currency": "CNY", "branch": "HQ"}]}"#, "rules[0].valueFrom not-money"),
      (#"{"rules": [{"valueFrom": 1000, "currency": "CNY", "branch": "HQ"}]}"#, "rules[0].valueFrom wrong-type"),
      (#"{"rules": [{"valueFrom": "1000", "currency": "cny", "branch": "HQ"}]}"#, "rules[0].currency not-a-currency"),
      (
        #"{"rules": [{"valueFrom": "5", "valueBelow": "5.00", "currency": "CNY", "branch": "HQ"}]}"#,
        "rules[0].valueBelow out-of-order"
      ),
      (
        #"{"rules": [{"validFrom": "2026-02-02T00:00:00Z", "validUntil": "2026-02-02T00:00:00Z", "branch": "HQ"}]}"#,
        "rules[0].validUntil out-of-order"
      ),
      (#"{"rules": [{"how": "steps", "branch": "HQ"}]}"#, "rules[0].how no-step"),
      (#"{"policies": [{"branch": "HQ", "days": 3}]}"#, "policies[0] missing"),
      (#"{"policies": [{"days": 3.5}]}"#, "policies[0].days out-of-range"),
      (#"{"policies": [{"days": 3}, {"days": 4}]}"#, "policies[1] twice"),
      (#"{"steps": [{"within": 60, "then": "allocate"}]}"#, "steps[0].level missing"),
      (
        #"{"steps": [{"branch": "HQ", "level": "city", "within": 60, "then": "allocate"}]}"#,
        "steps[0].level out-of-place"
      ),
      (
        #"{"steps": [{"level": "city", "within": 60, "remind": 60, "then": "allocate"}]}"#,
        "steps[0].remind out-of-order"
      ),
      (#"{"steps": [{"level": "city", "within": 0, "then": "allocate"}]}"#, "steps[0].within out-of-range"),
      (#"{"firm": {"convertedOwner": "nobody"}}"#, "firm.convertedOwner unknown-word"),
      (#"[]"#, " wrong-type"),
    ])
  func wrong(json: String, problem: String) { #expect(refusal(json) == problem) }

  @Test(
    "what is wrong in a calendar is named with its path",
    arguments: [
      (#""knownUntil": "2026-05-31""#, "calendars[0].knownUntil ended"),
      (#""knownUntil": "2026-06-01""#, nil),
      (#""knownUntil": "2026-02-29""#, "calendars[0].knownUntil not-a-date"),
      (
        #""hours": [{"weekdays": "1-5", "opens": "09:00", "closes": "09:00"}]"#,
        "calendars[0].hours[0].closes out-of-order"
      ),
      (
        #""hours": [{"weekdays": "1-5", "opens": "22:00", "closes": "06:00"}]"#,
        "calendars[0].hours[0].closes out-of-order"
      ),
      (#""hours": [{"weekdays": "1-5", "opens": "00:00", "closes": "24:00"}]"#, nil),
      (
        #""hours": [{"weekdays": "1-8", "opens": "09:00", "closes": "17:00"}]"#,
        "calendars[0].hours[0].weekdays not-weekdays"
      ),
      (
        #""hours": [{"weekdays": "5-1", "opens": "09:00", "closes": "17:00"}]"#,
        "calendars[0].hours[0].weekdays not-weekdays"
      ),
      (
        #""hours": [{"weekdays": "1-5", "opens": "09:00", "closes": "12:00"}, {"weekdays": "5", "opens": "11:59", "closes": "17:00"}]"#,
        "calendars[0].hours[1] overlap"
      ),
      (
        #""hours": [{"weekdays": "1-5", "opens": "09:00", "closes": "12:00"}, {"weekdays": "5", "opens": "12:00", "closes": "17:00"}]"#,
        nil
      ),
      (#""hours": [{"weekdays": "1-5", "open": "09:00"}]"#, "calendars[0].hours[0].open unknown-field"),
      (#""days": [{"day": "2026-10-01", "until": "2026-10-07"}, {"day": "2026-10-07"}]"#, "calendars[0].days twice"),
      (#""days": [{"day": "2026-10-01", "until": "2026-09-30"}]"#, "calendars[0].days[0].until out-of-order"),
      (#""days": [{"day": "2026-10-01", "asWeekday": 0}]"#, "calendars[0].days[0].asWeekday out-of-range"),
      (#""knownUntil": "2026-12-31", "days": [{"day": "2027-01-01"}]"#, "calendars[0].days[0] out-of-order"),
    ] as [(String, String?)])
  func wrongCalendar(members: String, problem: String?) {
    #expect(refusal(#"{"calendars": [{"code": "N", "name": "n", \#(members)}]}"#) == problem)
  }

  @Test("a slip of the hand is told from what may have been meant")
  func meant() throws {
    #expect(throws: Refusal("unknown-field", at: "rules[0].regoin", "nothing reads this field; did you mean `region`?"))
    {
      try Firm(reading: Array(#"{"rules": [{"regoin": "CN", "branch": "HQ"}]}"#.utf8))
    }
  }

  @Test("what is left out has its default, and a section that is left out stays nil")
  func defaults() throws {
    let firm = try Firm(reading: Array(#"{"people": [{"code": "P", "name": "王伟", "branch": "HQ"}], "rules": []}"#.utf8))
    #expect(firm.completed(by: Firm()).people == [Firm.Person(code: "P", name: "王伟", branch: "HQ")])
    #expect(firm.rules == [] && firm.branches == nil && firm.policies == nil && firm.terms == nil)
  }

  @Test("a place names the file that the row is from, and its place there")
  func places() throws {
    var firm = try Firm(reading: Array(#"{"rules": [{"branch": "HQ"}, {"branch": "HQ"}]}"#.utf8), file: "a.json")
    try firm.add(try Firm(reading: Array(#"{"rules": [{"branch": "X"}]}"#.utf8), file: "b.json"))
    #expect(firm.place("rules", 1, "branch") == "a.json: rules[1].branch")
    #expect(firm.place("rules", 2) == "b.json: rules[0]")
    #expect(throws: Refusal.self) { try firm.check(firm.loaded(over: Self.known), now: Self.now) }
  }

  @Test("a difference names what is new and which fields change; absent and zero are told apart")
  func difference() {
    var old = Firm()
    old.people = [
      Firm.Person(code: "P", name: "p", branch: "HQ", capacity: 50), Firm.Person(code: "Q", name: "q", branch: "HQ"),
      Firm.Person(code: "S", name: "s", branch: "HQ"),
    ]
    old.rules = [Firm.Rule(region: "CN", branch: "HQ")]
    old.policies = [Firm.Policy(days: 7), Firm.Policy(branch: "HQ", days: 5)]
    var new = Firm()
    new.people = [
      Firm.Person(code: "P", name: "p", branch: "HQ", weight: 2), Firm.Person(code: "R", name: "r", branch: "HQ"),
      Firm.Person(code: "S", name: "s", branch: "HQ", capacity: 0, weeklyCap: 5),
    ]
    new.rules = old.rules
    new.policies = old.policies?.reversed()
    let difference = FirmDifference(from: old, to: new)
    #expect(
      difference.changes.map { "\($0.kind) \($0.key) \($0.what): \($0.details)" } == [
        "person P changed: weight 1 → 2, capacity 50 → no bound",
        "person R new: name r, branch HQ, active yes, weight 1, capacity no bound, dailyCap no bound, weeklyCap no bound",
        "person S changed: capacity no bound → 0 (takes none), weeklyCap no bound → 5",
      ])
    #expect(difference.rules == nil && difference.policies == nil)
  }

  @Test("rules that are new, changed, gone or moved are named one by one, and days of a calendar")
  func ruleDifference() throws {
    var old = Firm()
    old.rules = [
      Firm.Rule(region: "CN-GD", branch: "A"), Firm.Rule(source: "web", branch: "A"),
      Firm.Rule(product: "fund", branch: "A"),
      Firm.Rule(branch: "A"),
    ]
    let day = { (text: String) in Firm.Calendar.Day(day: try #require(CalendarDate(text)), name: "x") }
    old.calendars = [Firm.Calendar(code: "C", name: "c", days: [try day("2026-01-01"), try day("2026-01-02")])]
    old.policies = [Firm.Policy(days: 7), Firm.Policy(product: "fund", days: 9)]
    var new = Firm()
    new.rules = [
      Firm.Rule(product: "fund", branch: "A"), Firm.Rule(region: "CN-GD", branch: "A"),
      Firm.Rule(language: "en", branch: "B"),
      Firm.Rule(how: "steps", branch: "A"),
    ]
    new.calendars = [Firm.Calendar(code: "C", name: "c", days: [try day("2026-01-01"), try day("2026-01-03")])]
    new.policies = [Firm.Policy(days: 8)]
    let difference = FirmDifference(from: old, to: new)
    #expect(
      difference.changes.map { "\($0.kind) \($0.key) \($0.what): \($0.details)" } == [
        "calendar C changed: without days 2026-01-02 x, with days 2026-01-03 x",
        "rule 3: language en new: branch B, how direct", "rule 4: any lead changed: how direct → steps",
        "rule 2: source web removed: branch A, how direct", "rules order changed: 1 stand at another place",
        "policy all others changed: days 7 → 8",
        "policy fund removed: days 9, reminders 3 and 1 days before, lastMorning 09:00, reclaimTo pool",
      ])
    #expect(difference.rules == new.rules && difference.policies == new.policies)
  }
}
