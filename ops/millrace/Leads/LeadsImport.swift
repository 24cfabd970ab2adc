internal import Contract
internal import Customers
internal import Imports
internal import PhoneNumbers
internal import Postgres
internal import Settings
internal import Tables
internal import Topics
internal import Values

/// `leads import`: a list of leads as a spreadsheet exports it.
enum LeadsImport {
  static let command = Command(
    name: "leads import", summary: "publish the leads of a CSV file", operands: "FILE", operandCount: 1...1,
    options: [
      CommandOption("--source", "S", "the source of rows that name none"),
      CommandOption(
        "--importer", "PERSON", "the code of whoever brings them (default: the person of your login, if any)"),
      CommandOption("--reject", "FILE", "write the bad rows there, to be mended and imported"),
      CommandOption("--map", "COLUMN=FIELD,…", "what columns mean, by heading or number: 联系=phone,4=name,备注=-"),
      CommandOption("--country", "CC", "the country that national phone numbers are of (default CN)"),
      CommandOption("--currency", "CCY", "the currency of amounts without one (default CNY)"),
      CommandOption("--encoding", "NAME", "utf-8, gb18030, utf-16le or utf-16be (default: found out)"),
      CommandOption(
        "--name", "NAME", "what the ids begin with; another one brings the same rows anew (default import)"),
      .execute, .json,
    ],
    details: """
      FILE is a table with a heading: UTF-8, GB18030 (GBK) or UTF-16, separated by commas, semicolons, tabs or full-width
      commas, quoted as in RFC 4180; - is standard input. Shows what the columns mean, the first events and how many rows
      are good; publishes those with --execute. Columns: phone (手机号), name (姓名), source (来源), product (产品),
      language (语言), value (金额), currency (币种), idNumber (证件号码), customerNumber (客户号), country (国家), and many
      headings more: see Topics/README.md.

      A bad row holds up no other. It is told with line, field and reason; --reject FILE collects them in a table that a
      spreadsheet may open, to be mended there and imported in its turn. A phone that cannot be dialled is bad.

      The id of an event is made of its row, not of its file or its place: the same rows imported again, after an
      interruption, in another order or from a mended file add nobody. A row that stands there twice counts once. Of rows
      with an ID number it is made under IDENTITY_KEY, which must then be set.
      """,
    examples: [
      ("millrace leads import leads.csv --source expo", "see what would be published"),
      ("millrace leads import leads.csv --source expo --reject bad.csv --execute", "publish it"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let encoding = try invocation.text("--encoding").map(TextEncoding.init(option:))
    let reader = try TableReader(try TextFile(invocation.operands[0]), encoding: encoding)
    let header = reader.header
    let map = try ColumnMap(header, LeadsImportFields.all, given: invocation.text("--map"))
    guard map["source"] != nil || invocation.text("--source") != nil else {
      throw Failure.usage("no column means source, which every lead has: name one with --source.")
    }
    let choices = try choices(invocation, hasIDNumbers: map["idNumber"] != nil)
    let rejects = try invocation.text("--reject").map { try RejectFile($0, header: header) }
    let publisher =
      invocation.isExecuting
      ? try Publisher(LeadRegistered.topic, try invocation.broker()) : nil

    let leads = LeadRowReader(map, choices)
    var run = TableImport(reader, map, rejects, publisher, invocation.output)
    try run.go { try leads.read($0, $1) }
    return try run.finish(mended: leads.mended)
  }

  private static func choices(_ invocation: Invocation, hasIDNumbers: Bool) throws -> LeadRowReader.Choices {
    var choices = LeadRowReader.Choices()
    choices.source = invocation.text("--source")
    if let name = invocation.text("--name") {
      guard (1...300).contains(name.utf8.count) else { throw Failure.usage("--name must have 1 to 300 bytes.") }
      choices.name = name
    }
    if let code = invocation.text("--country") {
      guard let country = PhoneCountry(code.uppercased()) else {
        throw Failure.usage("--country is \(shown(code)), which is no country with phone numbers of its own.")
      }
      choices.country = country
    }
    if let currency = invocation.text("--currency") {
      guard Money("0", currency) != nil else {
        throw Failure.usage("--currency is \(shown(currency)), but must be three capital letters of ISO 4217.")
      }
      choices.currency = currency
    }
    if hasIDNumbers {
      let group = SettingGroup("Customers:", .identityKey)
      choices.identityKey = IdentityKey(try Settings(reading: invocation.environment, declared: [group]))
    }
    choices.importer = try importer(invocation)
    return choices
  }

  private static func importer(_ invocation: Invocation) throws -> String? {
    let code = invocation.text("--importer")
    let found = try invocation.database().rows(
      "select code, active from person where case when $1::text is null then login = session_user else code = $1 end"
    ) { $0.text(code) }
    guard found.count > 0 else {
      if let code { throw Failure.no("there is no person \(shown(code)).") }
      return nil
    }
    guard found[0].boolean(1) else { throw Failure.no("\(found[0].text(0)) is not active.") }
    return found[0].text(0)
  }
}
