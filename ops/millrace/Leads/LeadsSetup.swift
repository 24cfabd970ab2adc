internal import Glibc
internal import Postgres
internal import Values

/// `leads setup`: the firm from files.
enum LeadsSetup {
  static let command = Command(
    name: "leads setup", summary: "load branches, people, rules and periods of protection", operands: "FILE|DIR",
    operandCount: 1...1,
    options: [CommandOption("--all", nil, "list every new row, not only their number"), .execute, .json],
    details: """
      A file holds one JSON object; of a directory all *.json are read, in order of their names. Sections:

        branches  {"code": "CN-GD", "name": "广东分公司", "level": "province", "parent": "HQ",
                   "timeZone": "Asia/Shanghai", "dayEnd": "24:00"}     levels: head-office, province, city, team
        people    {"code": "P0001", "name": "王伟", "branch": "CN-GD", "active": true, "weight": 1, "capacity": 50,
                   "leaveFrom": "2026-02-01T00:00:00+08:00", "leaveUntil": "2026-02-08T00:00:00+08:00"}
        rules     {"region": "CN-GD/Shenzhen", "source": "wechat", "product": "fund", "branch": "CN-GD-SZ"}
        policies  {"branch": "CN-GD", "product": "fund", "days": 7}

      Branches and people are known by their code; those that the file does not name stay as they are. Rules are read
      in order and replace all rules, as a new set; policies replace all policies. A section that is left out changes
      nothing. Left out in a row: parent, timeZone (Asia/Shanghai), dayEnd (24:00), active (true), weight (1), capacity
      (no bound), leave (none); in rules and policies what is left out matches everything.
      """,
    examples: [
      ("millrace leads setup firm.json", "see what would change"),
      ("millrace leads setup firm.json --execute", "load it"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let firm = try read(invocation.operands[0])
    let session = try invocation.database()
    let difference: FirmDifference
    if invocation.isExecuting {
      difference = try session.transaction {
        _ = try session.rows("select pg_advisory_xact_lock(hashtextextended('millrace leads setup', 0))")
        let difference = try compare(firm, session, invocation.operands[0])
        try write(difference, session)
        if !difference.isEmpty {
          try OperatorAction.record(invocation, table(difference, all: true).json, session)
        }
        return difference
      }
    } else {
      difference = try compare(firm, session, invocation.operands[0])
    }
    let isFull = invocation.flag("--all") || invocation.output.isJSON
    invocation.output.show(table(difference, all: isFull), nothing: "Nothing changes.")
    if !difference.isEmpty {
      invocation.output.note(
        invocation.isExecuting ? "Loaded." : "Nothing was done. To load it, add --execute.")
    }
    return .done
  }

  private static func compare(_ firm: Firm, _ session: Connection, _ path: String) throws -> FirmDifference {
    let known = try FirmTables.read(session)
    do throws(Refusal) {
      try firm.check(
        known: Dictionary(uniqueKeysWithValues: (known.branches ?? []).map { ($0.code, $0.parent) }))
    } catch {
      throw Failure.no("\(path): \(error)")
    }
    if let zone = try FirmTables.unknownTimeZone((firm.branches ?? []).map(\.timeZone), session) {
      throw Failure.no("\(path): branches: PostgreSQL knows no time zone \(shown(zone)).")
    }
    return FirmDifference(from: known, to: firm)
  }

  private static func write(_ difference: FirmDifference, _ session: Connection) throws(PostgresError) {
    if !difference.branches.isEmpty { try FirmTables.write(branches: difference.branches, session) }
    if !difference.people.isEmpty { try FirmTables.write(people: difference.people, session) }
    if let rules = difference.rules { try FirmTables.write(rules: rules, session) }
    if let policies = difference.policies { try FirmTables.write(policies: policies, session) }
  }

  /// More than 20 new rows of a kind are counted, unless all are wanted.
  private static func table(_ difference: FirmDifference, all: Bool) -> Table {
    var table = Table(.left("kind"), .left("key"), .left("change"), .left("details"))
    let new = Dictionary(grouping: difference.changes.filter { $0.what == "new" }, by: \.kind).mapValues(\.count)
    var counted: Set<String> = []
    for change in difference.changes {
      if !all, change.what == "new", let count = new[change.kind], count > 20 {
        if counted.insert(change.kind).inserted {
          table.add(.text(change.kind), .text("\(count) of them"), .text("new"), .text("--all lists them"))
        }
      } else {
        table.add(.text(change.kind), .text(change.key), .text(change.what), .text(change.details))
      }
    }
    return table
  }

  // MARK: Files

  private static func read(_ path: String) throws -> Firm {
    var firm = Firm()
    for file in try files(path) {
      let bytes = try contents(file)
      do throws(Refusal) { firm.add(try Firm(reading: bytes)) } catch { throw Failure.no("\(file): \(error)") }
    }
    return firm
  }

  private static func files(_ path: String) throws(Failure) -> [String] {
    guard let folder = opendir(path) else {
      guard errno == ENOTDIR else { throw failed(path) }
      return [path]
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(".json") { names.append(name) }
    }
    guard !names.isEmpty else { throw .no("\(path) holds no *.json.") }
    return names.sorted().map { path + "/" + $0 }
  }

  private static func contents(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failed(path) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= 1 << 28 else { throw .no("\(path) is larger than 256 MiB.") }
    }
  }

  private static func failed(_ path: String) -> Failure {
    .no("\(path) cannot be read: \(String(cString: strerror(errno))).")
  }
}
