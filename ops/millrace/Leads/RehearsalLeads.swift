internal import Contract
internal import Customers
internal import Imports
internal import JSON
internal import PhoneNumbers
internal import Settings
internal import Tables
internal import Topics
internal import Values

/// Leads of a file, read as `publish` and `leads import` read them.
struct RehearsalLeads {
  struct Lead {
    /// Of the file, from 1.
    let line: Int
    let delivery: Delivery<LeadRegistered>
  }

  static let most = 100_000

  private(set) var leads: [Lead] = []
  private(set) var refused: [(line: Int, refusal: Refusal)] = []
  private let now: Timestamp
  private let tape = JSONTape()

  /// - Parameter now: when leads happened that do not say it.
  init(_ invocation: Invocation, now: Timestamp) throws {
    self.now = now
    let path = invocation.operands[0]
    if path.hasSuffix(".csv") || path.hasSuffix(".tsv") || path.hasSuffix(".txt") {
      try readTable(path, invocation)
    } else {
      try readLines(path)
    }
  }

  /// Digits of E.164 of those that can be dialled.
  var phones: [Int64] {
    leads.compactMap { lead in
      let event = lead.delivery.event
      do throws(PhoneNumber.Refusal) {
        return try PhoneNumber(parsing: event.phone, in: event.country.map { PhoneCountry($0) } ?? PhoneCountry("CN"))
          .digits
      } catch {
        return nil
      }
    }
  }

  private mutating func readLines(_ path: String) throws {
    let file = try PublishFile(path)
    let lines = PublishLines(of: LeadRegistered.self, name: file.name, source: "/millrace/publish")
    try file.forEachLine { number, bytes in try add(lines.read(bytes, number: number), number) }
  }

  private mutating func readTable(_ path: String, _ invocation: Invocation) throws {
    let reader = try TableReader(try TextFile(path))
    let map = try ColumnMap(reader.header, LeadsImportFields.all, given: invocation.text("--map"))
    guard map["source"] != nil || invocation.text("--source") != nil else {
      throw Failure.usage("no column means source, which every lead has: name one with --source.")
    }
    var choices = LeadRowReader.Choices()
    choices.source = invocation.text("--source")
    choices.importer = invocation.text("--importer")
    if map["idNumber"] != nil {
      let group = SettingGroup("Customers:", .identityKey)
      choices.identityKey = IdentityKey(try Settings(reading: invocation.environment, declared: [group]))
    }
    let rows = LeadRowReader(map, choices)
    while let row = try reader.next() {
      if let refusal = try rows.read(row, { try add($0, row.line) }) { refused.append((row.line, refusal)) }
    }
  }

  private mutating func add(_ line: PublishLine, _ number: Int) throws {
    if let refusal = line.refusal { return refused.append((number, refusal)) }
    guard leads.count < Self.most else { throw Failure.no("at most \(Self.most) leads are rehearsed: split the file.") }
    let event = try tape.read(line.value) { object throws(Refusal) in
      try LeadRegistered(type: LeadRegistered.types[0], reading: object)
    }
    let happened = line.time.flatMap { Timestamp(rfc3339: Array($0.utf8)) } ?? now
    leads.append(Lead(line: number, delivery: Delivery(event, source: line.source, id: line.id, happened: happened)))
  }
}
