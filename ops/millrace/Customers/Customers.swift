internal import Customers
internal import Digest
internal import PhoneNumbers
internal import Postgres
internal import Printing
internal import Settings
internal import Values

/// `customers show` and `customers find`. What a login may not see is masked by the database (`customer_seen`), so that
/// whoever asks with another client sees no more.
enum CustomersCommands {
  static let show = Command(
    name: "customers show", summary: "print one customer", operands: "CODE", operandCount: 1...1,
    options: [
      CommandOption("--reveal", nil, "show a confidential customer too: the service log has that you looked"),
      CommandOption("--because", "TEXT", "why you look; kept with that"), .json,
    ],
    details: """
      CODE is the core system's customer id. Names, phones, e-mail, birthday and assets are masked unless the login was
      granted the role millrace_reveal. Confidential customers are shown by their code alone, and with that role by --reveal.
      """,
    examples: [
      ("millrace customers show C0012345678", "see one customer"),
      ("millrace customers show C0012345678 --reveal --because 'complaint 88'", "see a confidential one"),
    ],
    run: runShow)

  static let find = Command(
    name: "customers find", summary: "find customers by ID number, customer number, name, phone or tag",
    options: [
      CommandOption("--id", "NUMBER", "the number of an identity document; needs IDENTITY_KEY"),
      CommandOption("--id-type", "TYPE", "what it is of (default: a resident's where it looks like one, else other)"),
      CommandOption("--number", "NUMBER", "the customer number"),
      CommandOption("--name", "NAME", "how the name begins, in any case"),
      CommandOption("--phone", "PHONE", "as people write it; China's without a country"),
      CommandOption("--tag", "TAG", "a tag, as it is written"),
      CommandOption("--limit", "N", "at most so many (default 20)"), .json,
    ],
    details: """
      One of the keys is to be given. An ID number is hashed here and leaves this program as its fingerprint; give it as
      `--id -` to type it unseen by the shell's history.
      """,
    examples: [
      ("millrace customers find --phone 13812345678", "whose number is it?"),
      ("millrace customers find --tag vip --limit 100 --json", "a hundred with a tag"),
    ],
    run: runFind)

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    if invocation.flag("--reveal") {
      // In a transaction of its own: nothing is shown before it is known that somebody looks.
      _ = try session.rows("select ask_to_reveal($1, $2)") {
        $0.text(invocation.operands[0])
        $0.text(invocation.text("--because"))
      }
    }
    let rows = try session.rows(
      """
      select code, version, status, number, name, array_to_string(other_names, ', '), array_to_string(phones, ', '), email,
        has_identity, language, birthday, level, risk_rating, assets_amount::text, assets_currency, assets_as_of,
        array_to_string(tags, ', '), array_to_string(consents, ', '), coalesce(branch, unknown_branch || ' (unknown)'),
        coalesce(manager, unknown_manager || ' (unknown)'), confidential, array_to_string(flaws, ', '), changed_at
      from (
        select s.* from customer_seen s where s.code = $1 and not $2
        union all select r.* from reveal_customer($1) r where $2) c
      """
    ) {
      $0.text(invocation.operands[0])
      $0.boolean(invocation.flag("--reveal"))
    }
    guard rows.count == 1 else { throw Failure.no("there is no customer \(shown(invocation.operands[0])).") }
    let row = rows[0]
    func text(_ column: Int32) -> Table.Cell {
      row.optionalText(column).flatMap { $0.isEmpty ? nil : .text($0) } ?? .none
    }
    var table = Table(
      .left("code"), .right("version"), .left("status"), .left("number"), .left("name"), .left("otherNames"),
      .left("phones"), .left("email"), .left("hasIdNumber"), .left("language"), .left("birthday"), .left("level"),
      .left("riskRating"), .right("assets"), .left("currency"), .left("assetsAsOf"), .left("tags"), .left("consents"),
      .left("branch"), .left("manager"), .left("confidential"), .left("flaws"), .left("changedAt"))
    table.add(
      text(0), .number(row.integer(1)), text(2), text(3), text(4), text(5), text(6), text(7), .boolean(row.boolean(8)),
      text(9), text(10), text(11), text(12), text(13), text(14), .time(optional: row.optionalTimestamp(15)), text(16),
      text(17), text(18), text(19), .boolean(row.boolean(20)), text(21), .time(row.timestamp(22)))
    invocation.output.showUpright(table)
    return .done
  }

  private static let keys = ["--id", "--number", "--name", "--phone", "--tag"]

  private static func runFind(_ invocation: Invocation) throws -> Exit {
    guard keys.count(where: { invocation.text($0) != nil }) == 1 else {
      throw Failure.usage("give one of \(keys.joined(separator: ", ")).")
    }
    let limit = try invocation.integer("--limit", 1...100_000) ?? 20
    let phone = try phone(invocation)
    let session = try invocation.database()
    let identity = try identity(invocation, session)
    let rows = try session.rows(
      """
      select code, status, number, name, array_to_string(phones, ', '), level, coalesce(branch, unknown_branch),
        coalesce(manager, unknown_manager), array_to_string(tags, ', ')
      from customers_found($1, $2, $3, $4, $5, $6)
      """
    ) {
      $0.fingerprint(identity)
      $0.text(invocation.text("--number"))
      $0.text(invocation.text("--name"))
      $0.integer(phone)
      $0.text(invocation.text("--tag"))
      $0.small(Int32(limit))
    }
    var table = Table(
      .left("code"), .left("status"), .left("number"), .left("name"), .left("phones"), .left("level"), .left("branch"),
      .left("manager"), .left("tags"))
    for row in rows {
      let cells = (Int32(0)..<9).map { column -> Table.Cell in
        row.optionalText(column).flatMap { $0.isEmpty ? nil : .text($0) } ?? .none
      }
      table.add(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8])
    }
    invocation.output.show(table, nothing: "No customer.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return rows.isEmpty ? .no : .done
  }

  private static func phone(_ invocation: Invocation) throws(Failure) -> Int64? {
    guard let written = invocation.text("--phone") else { return nil }
    do throws(PhoneNumber.Refusal) {
      return try PhoneNumber(parsing: written, in: PhoneCountry("CN")).digits
    } catch {
      throw .usage("--phone is no phone number: \(error.rawValue).")
    }
  }

  private static func identity(_ invocation: Invocation, _ session: Connection) throws -> Fingerprint? {
    guard var written = invocation.text("--id") else { return nil }
    if written == "-" { written = readLine() ?? "" }
    var kind: IDNumber.Kind?
    if let word = invocation.text("--id-type") {
      guard let known = IDNumber.Kind(rawValue: word) else {
        let words = IDNumber.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure.usage("--id-type is \(shown(word)), but must be one of \(words).")
      }
      kind = known
    }
    let number: IDNumber
    do throws(IDNumber.Fault) { number = try IDNumber(written, kind: kind) } catch {
      throw Failure.usage("--id is no number of such a document: \(error.rawValue).")
    }
    let group = SettingGroup("Customers:", .identityKey)
    let key = IdentityKey(try Settings(reading: invocation.environment, declared: [group]))
    try key.compare(Transaction(open: session))
    return key.fingerprint(of: number)
  }
}
