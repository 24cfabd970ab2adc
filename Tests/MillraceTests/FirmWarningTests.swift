import Testing
import Values

@testable import millrace

@Suite struct FirmWarningTests {
  /// 2026-06-01.
  private static let now = Timestamp(microseconds: 1_780_272_000_000_000)

  private func warnings(_ json: String) throws -> [String] {
    let firm = try Firm(reading: Array(json.utf8))
    return FirmWarnings(firm, firm.loaded(over: Firm()), now: Self.now).all.map { "\($0.about): \($0.sentence)" }
  }

  private static let sound = """
    "branches": [{"code": "HQ", "name": "h", "level": "head-office"},
      {"code": "GD", "name": "g", "level": "province", "parent": "HQ"}],
    "people": [{"code": "P", "name": "p", "branch": "HQ"}, {"code": "Q", "name": "q", "branch": "GD"}]
    """

  @Test(
    "what is seldom meant is warned of",
    arguments: [
      (#""rules": [{"branch": "HQ"}]"#, []),
      (
        #""rules": [{"region": "CN", "branch": "HQ"}]"#,
        ["rules: none is without conditions: leads that match no rule are held as no-rule"]
      ),
      (
        #""rules": [{"region": "CN", "branch": "HQ"}, {"region": "CN-GD", "branch": "GD"}, {"branch": "HQ"}]"#,
        ["rules[1]: no lead reaches it (region CN-GD): what it would take goes to rules[0] (region CN) before"]
      ),
      (
        #""rules": [{"validUntil": "2026-05-31T00:00:00Z", "branch": "GD"}, {"branch": "HQ"}]"#,
        ["rules[0]: no lead reaches it: it ended on 2026-05-31T00:00:00.000000Z"]
      ),
      (
        #""sources": [{"code": "bank", "kind": "institution", "branch": "GD"}], "rules": [{"source": "bank", "branch": "HQ"}, {"branch": "HQ"}]"#,
        ["rules[0]: no lead reaches it: the leads of bank go to its partner branch GD before any rule"]
      ),
      (
        #""calendars": [{"code": "C", "name": "c", "knownUntil": "2026-07-01", "hours": [{"weekdays": "1", "opens": "09:00", "closes": "10:00"}]}]"#,
        ["calendar C: it ends on 2026-07-01: afterwards nobody who uses it is at work"]
      ),
      (
        #""calendars": [{"code": "C", "name": "c", "knownUntil": "2026-07-02", "hours": [{"weekdays": "1", "opens": "09:00", "closes": "10:00"}]}]"#,
        []
      ),
      (
        #""calendars": [{"code": "C", "name": "c"}]"#,
        ["calendar C: it has no hours: nobody who uses it is ever at work"]
      ),
      (
        #""rules": [{"how": "steps", "branch": "HQ"}], "steps": [{"level": "head-office", "within": 60, "then": "allocate"}]"#,
        [
          "branches: leads wait there to be passed down, and there is no manager to do it: HQ, GD",
          "steps: leads can be passed down to these, for which there is no deadline: GD",
        ]
      ),
    ] as [(String, [String])])
  func warned(sections: String, expected: [String]) throws {
    #expect(try warnings("{\(Self.sound), \(sections)}") == expected)
  }

  @Test("people who take nothing, and branches whose leads nobody takes, are named")
  func people() throws {
    let found = try warnings(
      """
      {"branches": [{"code": "HQ", "name": "h", "level": "head-office"}, {"code": "A", "name": "a", "level": "city"},
         {"code": "B", "name": "b", "level": "city"}],
       "people": [{"code": "P", "name": "p", "branch": "A", "weight": 0}, {"code": "Q", "name": "q", "branch": "A", "capacity": 0},
         {"code": "R", "name": "r", "branch": "A", "active": false, "dailyCap": 0}],
       "rules": [{"region": "CN", "branch": "A"}, {"branch": "HQ"}]}
      """)
    #expect(
      found == [
        "people: with weight 0 these take no leads: P", "people: with capacity 0 these take no leads: Q",
        "branches: leads are sent there, and nobody there takes any, so that they are held: HQ, A",
        "branches: without anybody: B",
      ])
  }
}
