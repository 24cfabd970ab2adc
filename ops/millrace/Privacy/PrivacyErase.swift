internal import Postgres
internal import Printing
internal import Tables
internal import Values

/// `privacy erase`: takes a person out of all tables. All of it is done by `erase_person`, in one transaction; a preview is
/// the same transaction, rolled back.
enum PrivacyErase {
  static let command = Command(
    name: "privacy erase", summary: "take a person out of all tables, so that the service log stays provable",
    options: [
      CommandOption("--lead", "LEAD", "a lead's number: that lead alone"),
      CommandOption("--customer", "CODE", "a customer's code, with the leads that they were"),
      CommandOption("--because", "TEXT", "why; kept with who did it"),
      CommandOption(
        "--also", "FILE", "dead letters that hold one of its lines too, such as an ID number; - is standard input"),
      .execute, .json,
    ],
    details: """
      Facts, phones, notes, and the log's entries go; a lead comes to an end (`lead.erased` tells front ends), open reminders
      are cancelled. Dead letters are emptied that hold a phone (E.164 or national digits), the customer number as kept, a
      mail address in whatever case, the customer's code as key, or the events that told of the leads. Not looked for are
      names, and ID numbers, of which only keyed hashes are kept: --also FILE has what else to look for, a line each, as it
      stands in a member of JSON; it is not kept. Numbers stay, so that counts and the choices of others can still be
      explained, and the log's commitments, so that it can still be proven. A customer has to be closed or removed in the
      core system first, whose next profile would bring everything back.

      What Kafka holds lapses with each topic's retention. ops/decisions/erasure.md lists table by table what is done.
      """,
    examples: [
      ("millrace privacy erase --lead 1042 --because 'request 17'", "see what would go"),
      ("millrace privacy erase --customer C0012345678 --because 'request 17' --execute", "do it"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let (kind, name) = try subject(invocation)
    guard let because = invocation.text("--because"), (1...300).contains(because.count) else {
      throw Failure.usage("--because TEXT is needed: what is kept of an erasure is who did it, and why.")
    }
    let hints = try invocation.text("--also").map { try lines(of: $0) } ?? []
    let session = try invocation.database()
    try session.run(script: "begin")
    let rows: Rows
    do {
      rows = try session.rows(
        """
        select what, sum(rows)::bigint from erase_person($1, $2, $3, $4) with ordinality e (what, rows, n)
        group by what order by min(n)
        """
      ) {
        $0.text(kind)
        $0.text(name)
        $0.text(because)
        $0.texts(hints) { $0 }
      }
      if invocation.isExecuting {
        try OperatorAction.record(invocation, "erased \(kind) \(name)", session)
        try session.run(script: "commit")
      } else {
        try session.run(script: "rollback")
      }
    } catch let first {
      // A session that cannot roll back is lost, and its transaction with it.
      do { try session.run(script: "rollback") } catch { throw first }
      throw first
    }
    var table = Table(.left("table"), .right("rows"))
    for row in rows { table.add(.text(row.text(0)), .number(row.integer(1))) }
    invocation.output.show(table)
    invocation.output.note(
      "Dead letters were looked for by phone, customer number, mail address, customer code and event"
        + (hints.isEmpty
          ? ". Not by name, nor by ID number, of which only a keyed hash is kept: give these with --also."
          : ", and by \(hints.count) lines of \(invocation.text("--also") ?? "")."))
    invocation.output.note(invocation.isExecuting ? "Erased." : "Nothing was changed: --execute does it.")
    return .done
  }

  /// Shorter ones would be found in everybody's letters.
  private static func lines(of name: String) throws -> [String] {
    let file = try TextFile(name)
    let lines = LineFile(file, separator: 0x0A)
    var hints: [String] = []
    while let row = try lines.next() {
      guard row.damage == nil, let hint = row.cells.first, hint.count >= 4 else {
        throw Failure.usage(
          "\(file.name):\(row.line): at least four characters of UTF-8 are needed to find dead letters by.")
      }
      hints.append(hint)
    }
    return hints
  }

  private static func subject(_ invocation: Invocation) throws(Failure) -> (kind: String, name: String) {
    switch (try invocation.integer("--lead", 1...Int64.max), invocation.text("--customer")) {
    case (let lead?, nil): return ("lead", String(lead))
    case (nil, let code?): return ("customer", code)
    default: throw .usage("give one of --lead and --customer.")
    }
  }
}
