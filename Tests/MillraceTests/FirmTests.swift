import Testing
import Values

@testable import millrace

@Suite struct FirmTests {
  private func refusal(_ json: String, known: [String: String?] = ["HQ": nil]) -> String? {
    do throws(Refusal) {
      try Firm(reading: Array(json.utf8)).check(known: known)
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
      (#"{"branches": [{"code": "A", "name": "a", "level": "city", "parent": "A"}]}"#, "branches[0].parent circle"),
      (
        #"{"branches": [{"code": "A", "name": "a", "level": "city", "dayEnd": "25:00"}]}"#,
        "branches[0].dayEnd not-a-time"
      ),
      (#"{"people": [{"code": "P", "name": "p", "branch": "X"}]}"#, "people[0].branch unknown-branch"),
      (#"{"people": [{"code": "P", "name": "p", "branch": "HQ", "weight": -1}]}"#, "people[0].weight out-of-range"),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ"}, {"code": "P", "name": "q", "branch": "HQ"}]}"#,
        "people[1] twice"
      ),
      (
        #"{"people": [{"code": "P", "name": "p", "branch": "HQ", "leaveFrom": "2026-02-02T00:00:00Z", "leaveUntil": "2026-02-01T00:00:00Z"}]}"#,
        "people[0].leaveUntil out-of-order"
      ),
      (#"{"rules": [{"region": "CN-ZZ", "branch": "HQ"}]}"#, "rules[0].region unknown-region"),
      (#"{"rules": [{"region": "CN-GD"}]}"#, "rules[0].branch missing"),
      (#"{"policies": [{"branch": "HQ", "days": 3}]}"#, "policies missing"),
      (#"{"policies": [{"days": 3.5}]}"#, "policies[0].days out-of-range"),
      (#"[]"#, " wrong-type"),
    ])
  func wrong(json: String, problem: String) { #expect(refusal(json) == problem) }

  @Test("what is left out has its default, and a section that is left out stays nil")
  func defaults() throws {
    let firm = try Firm(reading: Array(#"{"people": [{"code": "P", "name": "王伟", "branch": "HQ"}], "rules": []}"#.utf8))
    #expect(firm.people == [Firm.Person(code: "P", name: "王伟", branch: "HQ")])
    #expect(firm.rules == [] && firm.branches == nil && firm.policies == nil)
  }

  @Test("a difference names what is new and which fields change")
  func difference() {
    var old = Firm()
    old.people = [
      Firm.Person(code: "P", name: "p", branch: "HQ", capacity: 50), Firm.Person(code: "Q", name: "q", branch: "HQ"),
    ]
    old.rules = [Firm.Rule(region: "CN", branch: "HQ")]
    old.policies = [Firm.Policy(days: 7), Firm.Policy(branch: "HQ", days: 5)]
    var new = Firm()
    new.people = [
      Firm.Person(code: "P", name: "p", branch: "HQ", weight: 2), Firm.Person(code: "R", name: "r", branch: "HQ"),
    ]
    new.rules = old.rules
    new.policies = old.policies?.reversed()
    let difference = FirmDifference(from: old, to: new)
    #expect(
      difference.changes.map { "\($0.kind) \($0.key) \($0.what): \($0.details)" } == [
        "person P changed: weight 1 → 2, capacity 50 → none",
        "person R new: name r, branch HQ, active yes, weight 1, capacity none",
      ])
    #expect(difference.rules == nil && difference.policies == nil)
  }
}
