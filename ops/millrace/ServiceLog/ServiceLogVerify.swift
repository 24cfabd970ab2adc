internal import Postgres
internal import Printing
internal import ServiceLog
internal import Values

/// `service-log verify`: makes all of the chain again.
enum ServiceLogVerify {
  static let command = Command(
    name: "service-log verify", summary: "make the service log's chain again, and say where it differs",
    options: [
      CommandOption(
        "--anchor", "BLOCK/HASH", "a block and hash that a day's marker told: shows a chain made anew"),
      CommandOption("--sources", nil, "also that every row of a lead's history, and every action, is in it"),
      .json,
    ],
    details: """
      Every entry must be what its block committed to, every block the one that the next was made from, every day what its
      blocks count. Entries of persons who were erased are gone; their commitments stay, and the log says who erased them.
      Exits with 1 if anything differs. Reads block by block and holds nobody up.
      """,
    examples: [
      ("millrace service-log verify --sources", "check everything"),
      ("millrace service-log verify --anchor 88/9f86d081…", "against what the customer centre kept"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let anchor = try anchor(invocation.text("--anchor"))
    let session = try invocation.database()
    var check = ChainCheck(try Erasures(session), anchor: anchor)
    let last = try LoggedBlock.last(session)
    var next: Int64 = 1
    while next <= last {
      let page = try LoggedBlock.page(session, from: next, through: last, atMost: 20)
      guard let end = page.last else { break }
      for block in page {
        // Somebody may have been erased since.
        if check.lacks(block) { check.erasures = try Erasures(session) }
        check.add(block)
      }
      next = end.block.number + 1
    }
    try check.finish(session, last: last)
    if invocation.flag("--sources") { try check.compareSources(session) }
    show(check, try waiting(session), invocation.output)
    return check.faults.isEmpty ? .done : .no
  }

  private static func anchor(_ text: String?) throws(Failure) -> (block: Int64, hash: String)? {
    guard let text else { return nil }
    let parts = text.split(separator: "/")
    guard parts.count == 2, let block = Int64(parts[0]), parts[1].utf8.count == 64 else {
      throw .usage("--anchor is \(shown(text)), but must be the number of a block, a slash, and 64 hexadecimal digits.")
    }
    return (block, parts[1].lowercased())
  }

  private static func waiting(_ session: Connection) throws(PostgresError) -> Int64 {
    try session.rows("select coalesce(sum(entries - taken), 0)::bigint from service_due")[0].integer(0)
  }

  private static func show(_ check: ChainCheck, _ waiting: Int64, _ output: Output) {
    var table = Table(
      .right("blocks"), .right("entries"), .right("erased"), .right("days"), .right("waiting"), .left("hash"),
      .left("faults"))
    let faults = "[" + check.faults.map(jsonQuoted).joined(separator: ",") + "]"
    table.add(
      .number(check.blocks), .number(check.entries), .number(check.erased), .number(check.days), .number(waiting),
      .text(optional: check.hash.map { Hex.digits($0) }),
      .nested(json: faults, shown: check.faults.isEmpty ? "none" : "\(check.faultCount)"))
    output.showUpright(table)
    if !output.isJSON { for fault in check.faults { output.write("\(printable(fault))\n") } }
  }
}
