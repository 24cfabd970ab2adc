internal import Postgres
internal import Printing
internal import Values

/// `leads note` and `leads notes`, `customers note` and `customers notes`: what people write down for themselves. The database
/// shows nobody the notes of others, whatever client is used.
enum PrivateNotes {
  static let noteLead = writing(
    "leads note", "lead", operands: "LEAD TEXT", example: "millrace leads note 1042 'prefers mornings'")
  static let noteCustomer = writing(
    "customers note", "customer", operands: "CODE TEXT",
    example: "millrace customers note C0012345678 'asked for bonds'")
  static let leadNotes = reading("leads notes", "lead", operands: "[LEAD]", example: "millrace leads notes 1042")
  static let customerNotes = reading(
    "customers notes", "customer", operands: "[CODE]", example: "millrace customers notes C0012345678")

  private static let whose = """
    You are known by your database login, which a person of the firm has (`login` in `leads setup`). Nobody else sees your
    notes, managers and operators included; the service log has that there is one. They go when the person they are
    about is erased, and are out of reach when you leave.
    """

  private static func writing(
    _ name: String, _ kind: String, operands: String, example: String
  ) -> Command {
    Command(
      name: name, summary: "write something down about a \(kind), for yourself alone", operands: operands,
      operandCount: 2...2, details: whose, examples: [(example, "keep a note")],
      run: { invocation in
        let subject = try subject(invocation.operands[0], kind)
        let words = invocation.operands[1]
        guard (1...10_000).contains(words.count) else {
          throw Failure.usage("a note has 1 to 10000 characters, this one \(words.count).")
        }
        let rows = try invocation.personsDatabase().rows("select write_note($1, $2, $3)") {
          $0.text(kind)
          $0.text(subject)
          $0.text(words)
        }
        invocation.output.note("Note \(rows[0].integer(0)) is kept.")
        return .done
      })
  }

  private static func reading(_ name: String, _ kind: String, operands: String, example: String) -> Command {
    Command(
      name: name, summary: "list your own notes about \(kind)s", operands: operands, operandCount: 0...1,
      options: [.json], details: whose, examples: [(example, "read them")],
      run: { invocation in
        var wanted: String?
        if let word = invocation.operands.first { wanted = try subject(word, kind) }
        let rows = try invocation.personsDatabase().rows(
          """
          select id, at, subject, text from private_note where subject_kind = $1 and ($2::text is null or subject = $2)
          order by id
          """
        ) {
          $0.text(kind)
          $0.text(wanted)
        }
        var table = Table(.right("id"), .left("at"), .left(kind), .left("text"))
        for row in rows {
          table.add(.number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(row.text(3)))
        }
        invocation.output.show(table, nothing: "No note of yours.")
        return .done
      })
  }

  private static func subject(_ text: String, _ kind: String) throws(Failure) -> String {
    guard kind == "lead" else { return text }
    guard let id = Int64(text), id > 0 else { throw .usage("\(shown(text)) is not the number of a lead.") }
    return String(id)
  }
}
