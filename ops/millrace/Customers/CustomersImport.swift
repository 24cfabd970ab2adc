internal import Contract
internal import Imports
internal import PhoneNumbers
internal import Printing
internal import Settings
internal import Tables
internal import Topics
internal import Values

/// `customers import`: customers as a core system exports them.
enum CustomersImport {
  static let command = Command(
    name: "customers import", summary: "publish the customers of a CSV or JSON Lines file", operands: "FILE",
    operandCount: 1...1,
    options: [
      CommandOption("--version", "N", "the version of rows that have none: higher than what was told of them before"),
      CommandOption("--reject", "FILE", "write the bad rows there, to be mended and imported (CSV only)"),
      CommandOption("--map", "COLUMN=FIELD,…", "what columns mean, by heading or number: 联系=phone,4=name,备注=-"),
      CommandOption("--country", "CC", "the country that national phone numbers are of (default CN)"),
      CommandOption("--currency", "CCY", "the currency of assets without one (default CNY)"),
      CommandOption("--encoding", "NAME", "utf-8, gb18030, utf-16le or utf-16be (default: found out)"), .execute, .json,
    ],
    details: """
      FILE.jsonl has the data of a customer.profile in each line. Any other file is a table with a heading, read as
      `millrace leads import` reads one: customerId (客户编号) and version (版本) are required, further number (客户号),
      name, idNumber, idType, phone, phone2, email, language, birthday, level, riskRating, assets, currency, assetsAsOf,
      tags (separated by ; or 、), branch, manager, status, confidential; and consent, a column each for channel and
      purpose, as smsMarketing or callService, yes or no, with consentAt and consentSource.

      A profile is whole: what the file does not have of a customer, the customer does not have afterwards. The version
      says which profile is newer; where a core system tells of the same customers, take its versions. The same file again
      changes nothing.
      """,
    examples: [
      ("millrace customers import customers.csv", "see what would be published"),
      ("millrace customers import customers.csv --reject bad.csv --execute", "publish it"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let version = try invocation.integer("--version", 1...9_007_199_254_740_991)
    if invocation.operands[0].hasSuffix(".jsonl") { return try lines(invocation, version) }
    let encoding = try invocation.text("--encoding").map(TextEncoding.init(option:))
    let reader = try TableReader(try TextFile(invocation.operands[0]), encoding: encoding)
    let map = try ColumnMap(reader.header, CustomersImportFields.all, given: invocation.text("--map"))
    guard map["version"] != nil || version != nil else {
      throw Failure.usage("no column means version, without which nobody knows which profile is newer: give --version.")
    }
    var choices = CustomerRowReader.Choices(version: version)
    if let code = invocation.text("--country") {
      guard PhoneCountry(code.uppercased()) != nil else {
        throw Failure.usage("--country is \(shown(code)), which is no country with phone numbers of its own.")
      }
      choices.country = code.uppercased()
    }
    if let currency = invocation.text("--currency") {
      guard Money("0", currency) != nil else {
        throw Failure.usage("--currency is \(shown(currency)), but must be three capital letters of ISO 4217.")
      }
      choices.currency = currency
    }
    let rejects = try invocation.text("--reject").map { try RejectFile($0, header: reader.header) }
    let customers = CustomerRowReader(map, choices)
    var run = TableImport(reader, map, rejects, try publisher(invocation), invocation.output)
    try run.go { try customers.read($0, $1) }
    return try run.finish(mended: customers.mended)
  }

  private static func publisher(_ invocation: Invocation) throws -> Publisher? {
    guard invocation.isExecuting else { return nil }
    return try Publisher(CustomerProfile.topic, try invocation.broker())
  }

  /// JSON Lines: the event's own form, checked as workers check it.
  private static func lines(_ invocation: Invocation, _ version: Int64?) throws -> Exit {
    for option in ["--version", "--reject", "--map", "--country", "--currency", "--encoding"]
    where invocation.text(option) != nil {
      throw Failure.usage("\(option) is for tables: a line of JSON says all of it.")
    }
    let file = try PublishFile(invocation.operands[0])
    let publisher = try publisher(invocation)
    let reader = CustomerLineReader()
    var outcome = Publisher.Outcome()
    var counts = (good: 0, bad: 0)
    file.forEachLine { number, bytes in
      do throws(Refusal) {
        let line = try reader.read(bytes)
        counts.good += 1
        do { try publisher?.send(line, number: number, &outcome) } catch { throw Refusal(error) }
      } catch {
        counts.bad += 1
        if counts.bad <= 20 { invocation.output.complain("\(file.name):\(number): \(error)") }
      }
    }
    publisher?.drain(&outcome)
    var table = Table(
      .left("file"), .right("good"), .right("bad"), .right("published"), .right("acknowledged"))
    table.add(
      .text(file.name), .number(Int64(counts.good)), .number(Int64(counts.bad)), .number(Int64(outcome.sent)),
      .number(Int64(outcome.acknowledged)))
    invocation.output.show(table)
    if publisher == nil {
      invocation.output.note("Nothing was published. To publish the \(counts.good) good lines, add --execute.")
    }
    if outcome.acknowledged < outcome.sent { return .unreachable }
    return counts.bad > 0 ? .no : .done
  }
}

extension Refusal {
  /// A line that could not be handed to the producer.
  fileprivate init(_ error: any Error) { self.init("not-sent", "\(error)") }
}
