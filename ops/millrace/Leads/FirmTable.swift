internal import JSON
internal import Printing
internal import Tables
internal import Values

/// Reads one section of a firm from a table whose headings are its fields: `people.csv`, `10-people.csv`.
///
/// Each row becomes the JSON object that a person would have written, so that there is one reader and one set of refusals.
struct FirmTable {
  private static let sections = [
    "branches", "people", "sources", "rules", "policies", "pools", "steps", "agents", "queues",
  ]
  private static let numbers: Set<String> = [
    "weight", "capacity", "dailyCap", "weeklyCap", "catchUp", "heldReminder", "days", "extension", "maximum", "within",
    "remind", "claimDelay", "claimsADay", "coolOff", "unclaimed", "answerWithin", "short", "callBack",
  ]
  private static let booleans: Set<String> = ["active", "manager", "workingDays"]

  private let path: String
  private let tape = JSONTape()
  private var lines: [Int] = []

  static func read(_ path: String) throws -> Firm {
    var table = FirmTable(path: path)
    return try table.read()
  }

  private init(path: String) { self.path = path }

  private mutating func read() throws -> Firm {
    let name = path.split(separator: "/").last.map { $0.dropLast(4) } ?? ""
    guard let section = FirmTable.sections.first(where: { name == $0 || name.hasSuffix("-" + $0) }) else {
      let known = FirmTable.sections.map { $0 + ".csv" }.joined(separator: ", ")
      throw Failure.no("\(path) is named after no section: \(known) were expected.")
    }
    var firm = Firm()
    let count: Int
    switch section {
    case "branches":
      let rows = try rows { row throws(Refusal) in try Firm.Branch(row) }
      (firm.branches, count) = (rows, rows.count)
    case "people":
      let rows = try rows { row throws(Refusal) in try Firm.Person(row) }
      (firm.people, count) = (rows, rows.count)
    case "sources":
      let rows = try rows { row throws(Refusal) in try Firm.Source(row) }
      (firm.sources, count) = (rows, rows.count)
    case "rules":
      let rows = try rows { row throws(Refusal) in try Firm.Rule(row) }
      (firm.rules, count) = (rows, rows.count)
    case "policies":
      let rows = try rows { row throws(Refusal) in try Firm.Policy(row) }
      (firm.policies, count) = (rows, rows.count)
    case "pools":
      let rows = try rows { row throws(Refusal) in try Firm.Pool(row) }
      (firm.pools, count) = (rows, rows.count)
    case "agents":
      let rows = try rows { row throws(Refusal) in try Firm.Agent(row) }
      (firm.agents, count) = (rows, rows.count)
    case "queues":
      let rows = try rows { row throws(Refusal) in try Firm.Queue(row) }
      (firm.queues, count) = (rows, rows.count)
    default:
      let rows = try rows { row throws(Refusal) in try Firm.Step(row) }
      (firm.steps, count) = (rows, rows.count)
    }
    firm.origins[section] = [FirmOrigin(file: path, count: count, lines: lines)]
    return firm
  }

  private mutating func rows<Row>(_ read: (JSONObject) throws(Refusal) -> Row) throws -> [Row] {
    let reader = try TableReader(try TextFile(path))
    var rows: [Row] = []
    while let row = try reader.next() {
      if let damage = row.damage { throw Failure.no("\(path): line \(row.line): \(damage)") }
      let text = Array(json(reader.header, row).utf8)
      let result: Result<Row, Refusal> = text.withUnsafeBytes { bytes in
        Result { () throws(Refusal) in try tape.read(bytes) { object throws(Refusal) in try read(object) } }
      }
      switch result {
      case .success(let value): rows.append(value)
      case .failure(let refusal): throw Failure.no("\(path): line \(row.line), \(refusal)")
      }
      lines.append(row.line)
    }
    return rows
  }

  /// An empty cell is an absent field.
  private func json(_ header: [String], _ row: TableRow) -> String {
    let members = header.indices.compactMap { column -> String? in
      let cell = row[column].trimmed
      if cell.isEmpty { return nil }
      return jsonQuoted(header[column].trimmed) + ":" + FirmTable.value(header[column].trimmed, cell)
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func value(_ field: String, _ cell: String) -> String {
    if numbers.contains(field), let number = Int64(cell) { return String(number) }
    if booleans.contains(field) {
      switch cell.lowercased() {
      case "true", "yes", "1", "是": return "true"
      case "false", "no", "0", "否": return "false"
      default: break
      }
    }
    return jsonQuoted(cell)
  }
}

extension String {
  fileprivate var trimmed: String {
    let rest = drop { $0 == " " || $0 == "\t" }
    return String(rest.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
