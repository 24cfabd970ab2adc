internal import Imports
internal import PhoneNumbers
internal import Postgres
internal import Tables
internal import Values

/// `audience load`: a list of people from a table, for campaigns to be meant for.
enum AudienceLoad {
  static let command = Command(
    name: "audience load", summary: "load a list of people from a CSV file, for campaigns that name it",
    operands: "NAME FILE", operandCount: 2...2,
    options: [
      CommandOption("--by", "KEY", "what says who is meant: customer, lead, number, phone or email (default: found)"),
      CommandOption("--note", "TEXT", "where the list is from, for who reads of it"),
      CommandOption("--keep", "COLUMN[=NAME],…", "columns that templates can be told: seat,4=桌号"),
      CommandOption("--reject", "FILE", "write the lines there that put nobody on the list, each with its reason"),
      CommandOption("--map", "COLUMN=FIELD,…", "what columns mean, by heading or number: 联系=phone,4=customerId"),
      CommandOption("--country", "CC", "the country that national phone numbers are of (default CN)"),
      CommandOption("--encoding", "NAME", "utf-8, gb18030, utf-16le or utf-16be (default: found out)"), .json,
    ],
    details: """
      FILE is a table with a heading: UTF-8, GB18030 (GBK) or UTF-16, separated by commas, semicolons, tabs or full-width
      commas, quoted as in RFC 4180; - is standard input. One column says who is meant: customerId (客户编号, as the core
      system has it), leadId (线索编号), customerNumber (客户号), phone (手机号) or email (邮箱); of several the first of
      these counts. A phone may be a customer's, a lead's, or both.

      Who loads it sees nobody's data and finds people of their own branch and those below alone; a line about somebody else
      is answered like one that nobody is. A line that puts nobody on the list holds up no other, and is told with its reason:
      nobody has the key, several customers have the phone, the person is there already, or the line cannot be read.

      A list is whole once all of the file is read, and does not change from then on: a better one gets another name. Where
      loading breaks off, no campaign can use what is there, and loading again begins anew. A campaign's filter names it:
      list = "seminar-guests".
      """,
    examples: [
      ("millrace audience load seminar-guests guests.csv --reject rest.csv", "load it, see whom nobody knows"),
      ("millrace audience load vip-2027 vip.csv --by customer --keep 座位=seat", "templates can tell {{seat}}"),
    ],
    run: run)

  /// Rows that are looked up together.
  private static let chunk = 5000

  private static func run(_ invocation: Invocation) throws -> Exit {
    let name = try AudienceList.name(invocation.operands[0])
    let wanted = try invocation.choice("--by", AudienceKey.allCases.map(\.rawValue)).flatMap(
      AudienceKey.init(rawValue:))
    let note = invocation.text("--note")
    if let note, !(1...1_000).contains(note.count) { throw Failure.usage("--note has 1 to 1,000 characters.") }
    let country = PhoneCountry((invocation.text("--country") ?? "CN").uppercased())
    guard let country else {
      throw Failure.usage(
        "--country is \(shown(invocation.text("--country") ?? "")), which is no country with phone numbers of its own.")
    }
    let encoding = try invocation.text("--encoding").map(TextEncoding.init(option:))
    let reader = try TableReader(try TextFile(invocation.operands[1]), encoding: encoding)
    let (key, map) = try AudienceKey.find(wanted, in: reader.header, given: invocation.text("--map"))
    let kept = try KeptColumn.read(invocation.text("--keep"), reader.header)
    let rejects = try invocation.text("--reject").map { try RejectFile($0, header: reader.header) }

    let session = try invocation.database()
    let list = try begin(name, key, kept, note, session)
    let rows = AudienceRowReader(key, map, keeping: kept, country: country)
    var loading = AudienceLoading(list, reader, rows, rejects, session, invocation.output)
    try loading.go(by: chunk)
    return try loading.finish(name)
  }

  private static func begin(
    _ name: String, _ key: AudienceKey, _ kept: [KeptColumn], _ note: String?, _ session: Connection
  ) throws -> Int64 {
    let row = try session.rows("select answer, list from begin_audience($1, $2, $3, $4)") {
      $0.text(name)
      $0.text(key.rawValue)
      $0.texts(kept) { $0.name }
      $0.text(note)
    }[0]
    guard let list = row.optionalInteger(1) else { throw AudienceList.refusal(row.text(0), name) }
    return list
  }
}
