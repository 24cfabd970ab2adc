internal import JSON
internal import PhoneNumbers
internal import Values

/// Reads a file of the firm. A field that no reader knows is refused: a slip of the hand would silently be a default.
extension Firm {
  /// - Parameter file: for messages.
  init(reading bytes: [UInt8], file: String? = nil) throws(Refusal) {
    let tape = JSONTape()
    let read: Result<Firm, Refusal> = bytes.withUnsafeBytes { text in
      do throws(Refusal) {
        return .success(try tape.read(text) { object throws(Refusal) in try Firm(object, file) })
      } catch {
        return .failure(error)
      }
    }
    self = try read.get()
  }

  private init(_ root: JSONObject, _ file: String?) throws(Refusal) {
    try root.refuseOthers(
      "firm", "calendars", "branches", "people", "sources", "rules", "policies", "pools", "steps", "agents", "queues")
    terms = try root.optionalObject("firm").map { row throws(Refusal) in try Terms(row) }
    calendars = try section("calendars", root) { row throws(Refusal) in try Calendar(row) }
    branches = try section("branches", root) { row throws(Refusal) in try Branch(row) }
    people = try section("people", root) { row throws(Refusal) in try Person(row) }
    sources = try section("sources", root) { row throws(Refusal) in try Source(row) }
    rules = try section("rules", root) { row throws(Refusal) in try Rule(row) }
    policies = try section("policies", root) { row throws(Refusal) in try Policy(row) }
    pools = try section("pools", root) { row throws(Refusal) in try Pool(row) }
    steps = try section("steps", root) { row throws(Refusal) in try Step(row) }
    agents = try section("agents", root) { row throws(Refusal) in try Agent(row) }
    queues = try section("queues", root) { row throws(Refusal) in try Queue(row) }
    guard let file else { return }
    let counts: [(section: String, rows: Int?)] = [
      ("firm", terms.map { _ in 1 }), ("calendars", calendars?.count), ("branches", branches?.count),
      ("people", people?.count), ("sources", sources?.count), ("rules", rules?.count), ("policies", policies?.count),
      ("pools", pools?.count), ("steps", steps?.count), ("agents", agents?.count), ("queues", queues?.count),
    ]
    for case (let section, let rows?) in counts { origins[section] = [FirmOrigin(file: file, count: rows)] }
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

extension Firm.Terms {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("phoneConverts", "convertedOwner")
    phoneConverts = try row.optionalBoolean("phoneConverts") ?? false
    convertedOwner = try row.optionalChoice("convertedOwner", of: Firm.ConvertedOwner.self)?.rawValue ?? "manager"
  }
}

extension Firm.Branch {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers(
      "code", "name", "parent", "level", "timeZone", "dayEnd", "calendar", "method", "catchUp", "heldReminder")
    self.init(
      code: try row.text("code", 1...60), name: try row.text("name"), parent: try row.optionalText("parent", 1...60),
      level: try row.choice("level", of: Firm.Level.self).rawValue)
    timeZone = try row.optionalText("timeZone", 1...60) ?? timeZone
    dayEnd = try row.optionalTime("dayEnd") ?? dayEnd
    calendar = try row.optionalText("calendar", 1...60)
    method = try row.optionalChoice("method", of: Firm.Method.self)?.rawValue ?? method
    catchUp = try row.optionalInteger("catchUp", 0...1000) ?? catchUp
    // Zero is never: an absent one has a default.
    heldReminder = try row.optionalInteger("heldReminder", 0...1_000_000) ?? heldReminder
    if heldReminder == 0 { heldReminder = nil }
  }
}

extension Firm.Person {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers(
      "code", "name", "branch", "active", "weight", "capacity", "dailyCap", "weeklyCap", "calendar", "manager",
      "login", "leaveFrom", "leaveUntil")
    self.init(
      code: try row.text("code", 1...60), name: try row.text("name"), branch: try row.text("branch", 1...60))
    if let said = try row.optionalBoolean("active") { active = said } else { unsaid.insert(.active) }
    weight = try row.optionalInteger("weight", 0...1000) ?? weight
    capacity = try row.optionalInteger("capacity", 0...1_000_000)
    dailyCap = try row.optionalInteger("dailyCap", 0...1_000_000)
    weeklyCap = try row.optionalInteger("weeklyCap", 0...1_000_000)
    calendar = try row.optionalText("calendar", 1...60)
    if let said = try row.optionalBoolean("manager") { manager = said } else { unsaid.insert(.manager) }
    login = try row.optionalText("login", 1...63)
    leaveFrom = try row.optionalTimestamp("leaveFrom")
    leaveUntil = try row.optionalTimestamp("leaveUntil")
    if leaveFrom == nil, leaveUntil == nil { unsaid.insert(.leave) }
    if let leaveFrom, let leaveUntil, leaveFrom >= leaveUntil {
      throw Refusal("out-of-order", at: row.path("leaveUntil"), "a leave ends after it begins")
    }
  }
}

extension Firm.Source {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("code", "kind", "branch", "keeps")
    let kind = try row.choice("kind", of: Firm.SourceKind.self)
    self.init(
      code: try row.text("code", 1...60), kind: kind.rawValue, branch: try row.optionalText("branch", 1...60))
    keeps = try row.optionalChoice("keeps", of: Firm.Keeps.self)?.rawValue ?? keeps
    if kind == .institution, branch == nil {
      throw Refusal("missing", at: row.path("branch"), "an institution has a partner branch: its leads go there")
    }
    if kind != .institution, branch != nil {
      throw Refusal("out-of-place", at: row.path("branch"), "only an institution has a partner branch")
    }
    if kind != .import, keeps != "nothing" {
      throw Refusal("out-of-place", at: row.path("keeps"), "only an import has an importer to keep")
    }
  }
}

extension Firm.Rule {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers(
      "region", "source", "product", "language", "valueFrom", "valueBelow", "currency", "validFrom", "validUntil",
      "how", "branch")
    self.init(
      region: try row.optionalText("region", 2...100), source: try row.optionalText("source", 1...60),
      product: try row.optionalText("product", 1...60), language: try row.optionalText("language", 1...35),
      value: try Firm.ValueBand(row), validFrom: try row.optionalTimestamp("validFrom"),
      validUntil: try row.optionalTimestamp("validUntil"), branch: try row.text("branch", 1...60))
    how = try row.optionalChoice("how", of: Firm.How.self)?.rawValue ?? how
    if let region, RegionPath(region) == nil {
      throw Refusal(
        "unknown-region", at: row.path("region"),
        "no phone number is of this region; write CN, CN-GD (ISO 3166-2) or CN-GD/Shenzhen, as `millrace phone` does")
    }
    if let validFrom, let validUntil, validFrom >= validUntil {
      throw Refusal("out-of-order", at: row.path("validUntil"), "a rule ends after it begins")
    }
  }
}

extension Firm.ValueBand {
  fileprivate init?(_ row: JSONObject) throws(Refusal) {
    let from = try row.optionalText("valueFrom", 1...40)
    let below = try row.optionalText("valueBelow", 1...40)
    guard from != nil || below != nil else {
      guard try row.optionalText("currency", 3...3) == nil else {
        throw Refusal("out-of-place", at: row.path("currency"), "it belongs to valueFrom or valueBelow")
      }
      return nil
    }
    let currency = try row.text("currency", 3...3)
    guard Money("0", currency) != nil else {
      throw Refusal("not-a-currency", at: row.path("currency"), "ISO 4217 was expected, as in CNY")
    }
    func amount(_ text: String?, _ field: StaticString) throws(Refusal) -> Int64? {
      guard let text else { return nil }
      guard let money = Money(text, currency) else {
        throw Refusal("not-money", at: row.path(field), "a decimal number in quotes was expected, as in \"500000.00\"")
      }
      return money.tenThousandths
    }
    self.init(from: try amount(from, "valueFrom"), below: try amount(below, "valueBelow"), currency: currency)
    if let from = self.from, let below = self.below, from >= below {
      throw Refusal("out-of-order", at: row.path("valueBelow"), "no value lies between")
    }
  }
}

extension Firm.Step {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("branch", "level", "within", "remind", "then")
    self.init(
      branch: try row.optionalText("branch", 1...60),
      level: try row.optionalChoice("level", of: Firm.Level.self)?.rawValue,
      within: try row.integer("within", 1...1_000_000), remind: try row.optionalInteger("remind", 1...1_000_000),
      then: try row.choice("then", of: Firm.Then.self).rawValue)
    guard (branch == nil) != (level == nil) else {
      throw Refusal(
        branch == nil ? "missing" : "out-of-place", at: row.path("level"), "a step is either a branch's or a level's")
    }
    if let remind, remind >= within {
      throw Refusal(
        "out-of-order", at: row.path("remind"), "the reminder comes before the deadline: less than `within`")
    }
  }
}
