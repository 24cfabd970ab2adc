internal import JSON
internal import PhoneNumbers
internal import Values

/// A firm as a file describes it. A section that the file leaves out is nil and stays as it is in the database.
struct Firm {
  struct Branch: Equatable {
    var code: String
    var name: String
    var parent: String?
    var level: String
    var timeZone = "Asia/Shanghai"
    var dayEnd = "24:00"
  }

  struct Person: Equatable {
    var code: String
    var name: String
    var branch: String
    var active = true
    var weight: Int64 = 1
    /// nil is without bound.
    var capacity: Int64?
    var leaveFrom: Timestamp?
    var leaveUntil: Timestamp?
  }

  struct Rule: Equatable {
    var region: String?
    var source: String?
    var product: String?
    var branch: String
  }

  struct Policy: Equatable {
    var branch: String?
    var product: String?
    var days: Int64
  }

  var branches: [Branch]?
  var people: [Person]?
  var rules: [Rule]?
  var policies: [Policy]?

  enum Level: String, CaseIterable {
    case headOffice = "head-office"
    case province, city, team
  }

  // MARK: Reading

  init() {}

  init(reading bytes: [UInt8]) throws(Refusal) {
    let tape = JSONTape()
    let read: Result<Firm, Refusal> = bytes.withUnsafeBytes { text in
      do throws(Refusal) {
        return .success(try tape.read(text) { object throws(Refusal) in try Firm(object) })
      } catch {
        return .failure(error)
      }
    }
    self = try read.get()
  }

  private init(_ root: JSONObject) throws(Refusal) {
    branches = try section("branches", root) { row throws(Refusal) in
      Branch(
        code: try row.text("code", 1...60), name: try row.text("name"), parent: try row.optionalText("parent", 1...60),
        level: try row.choice("level", of: Level.self).rawValue,
        timeZone: try row.optionalText("timeZone", 1...60) ?? "Asia/Shanghai", dayEnd: try dayEnd(row))
    }
    people = try section("people", root) { row throws(Refusal) in
      let person = Person(
        code: try row.text("code", 1...60), name: try row.text("name"), branch: try row.text("branch", 1...60),
        active: try row.optionalBoolean("active") ?? true, weight: try row.optionalInteger("weight", 0...1000) ?? 1,
        capacity: try row.optionalInteger("capacity", 0...1_000_000), leaveFrom: try row.optionalTimestamp("leaveFrom"),
        leaveUntil: try row.optionalTimestamp("leaveUntil"))
      if let from = person.leaveFrom, let until = person.leaveUntil, from >= until {
        throw Refusal("out-of-order", at: row.path("leaveUntil"), "a leave ends after it begins")
      }
      return person
    }
    rules = try section("rules", root) { row throws(Refusal) in
      let rule = Rule(
        region: try row.optionalText("region", 2...100), source: try row.optionalText("source", 1...60),
        product: try row.optionalText("product", 1...60), branch: try row.text("branch", 1...60))
      if let region = rule.region, RegionPath(region) == nil {
        throw Refusal(
          "unknown-region", at: row.path("region"),
          "no phone number is of this region; write CN, CN-GD (ISO 3166-2) or CN-GD/Shenzhen, as `millrace phone` does")
      }
      return rule
    }
    policies = try section("policies", root) { row throws(Refusal) in
      Policy(
        branch: try row.optionalText("branch", 1...60), product: try row.optionalText("product", 1...60),
        days: try row.integer("days", 0...3650))
    }
  }

  /// Adds what another file says; the same section in two files is their sum.
  mutating func add(_ other: Firm) {
    func sum<Row>(_ a: [Row]?, _ b: [Row]?) -> [Row]? { a == nil && b == nil ? nil : (a ?? []) + (b ?? []) }
    branches = sum(branches, other.branches)
    people = sum(people, other.people)
    rules = sum(rules, other.rules)
    policies = sum(policies, other.policies)
  }

  // MARK: What only the whole can show

  /// - Parameter known: codes of branches in the database, with the code of each one's parent.
  func check(known: [String: String?]) throws(Refusal) {
    try once("branches", branches?.map(\.code) ?? [])
    try once("people", people?.map(\.code) ?? [])
    try once("policies", policies?.map { "\($0.branch ?? "")/\($0.product ?? "")" } ?? [])
    var parents = known
    for branch in branches ?? [] { parents[branch.code] = .some(branch.parent) }
    func exists(_ code: String?, _ path: String) throws(Refusal) {
      guard let code, parents[code] == nil else { return }
      throw Refusal("unknown-branch", at: path, "no branch has the code \(shown(code))")
    }
    for (place, branch) in (branches ?? []).enumerated() {
      try exists(branch.parent, "branches[\(place)].parent")
      var above = branch.parent
      var steps = 0
      while let code = above {
        guard code != branch.code, steps < parents.count else {
          throw Refusal("circle", at: "branches[\(place)].parent", "the branch would stand above itself")
        }
        above = parents[code] ?? nil
        steps += 1
      }
    }
    for (place, person) in (people ?? []).enumerated() { try exists(person.branch, "people[\(place)].branch") }
    for (place, rule) in (rules ?? []).enumerated() { try exists(rule.branch, "rules[\(place)].branch") }
    for (place, policy) in (policies ?? []).enumerated() { try exists(policy.branch, "policies[\(place)].branch") }
    if let policies, !policies.contains(where: { $0.branch == nil && $0.product == nil }) {
      throw Refusal(
        "missing", at: "policies", "one policy without branch and product is needed: it holds for all others")
    }
  }

  private func once(_ section: String, _ keys: [String]) throws(Refusal) {
    var seen: Set<String> = []
    for (place, key) in keys.enumerated() where !seen.insert(key).inserted {
      throw Refusal("twice", at: "\(section)[\(place)]", "\(shown(key)) stands there twice")
    }
  }
}

private func section<Row>(
  _ name: StaticString, _ root: JSONObject, _ read: (JSONObject) throws(Refusal) -> Row
) throws(Refusal) -> [Row]? {
  guard try root.raw(name) != nil else { return nil }
  var rows: [Row] = []
  for object in try root.objects(name, atMost: 1_000_000) { rows.append(try read(object)) }
  return rows
}

/// `18:30`; `24:00` is midnight.
private func dayEnd(_ row: JSONObject) throws(Refusal) -> String {
  guard let text = try row.optionalText("dayEnd", 5...5) else { return "24:00" }
  let parts = text.split(separator: ":").map { Int($0) }
  guard parts.count == 2, let hour = parts[0], let minute = parts[1], (0...24).contains(hour),
    (0...59).contains(minute),
    hour < 24 || minute == 0
  else { throw Refusal("not-a-time", at: row.path("dayEnd"), "hours and minutes were expected, as in 18:30 or 24:00") }
  return text
}
