internal import Postgres
internal import Printing
internal import Values

/// `dead-letters list` and `show`: what could not be applied, and why.
enum DeadLetters {
  static let list = Command(
    name: "dead-letters list", summary: "list what could not be applied, with the reason",
    options: DeadLetterFilter.options + [
      CommandOption("--state", "STATE", "open (the default), replayed, discarded or all"),
      CommandOption("--summary", nil, "count by worker, topic, reason and state"), .json,
    ],
    details: """
      A dead letter keeps the event's own bytes and headers. Values are not listed, because they hold persons:
      `millrace dead-letters show ID` prints one.
      """,
    examples: [
      ("millrace dead-letters list --summary", "see what there is"),
      ("millrace dead-letters list --reason not-a-time --since 2h", "see what came in since a fault began"),
    ],
    run: runList)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let word = invocation.text("--state") ?? "open"
    guard ["open", "replayed", "discarded", "all"].contains(word) else {
      throw Failure.usage("--state is \(shown(word)), but must be open, replayed, discarded or all.")
    }
    let filter = try DeadLetterFilter(invocation, state: word == "all" ? nil : word)
    let letters = try filter.find(try invocation.database())
    let nothing = "No dead letter\(filter.isOpen ? "" : " matches")."
    if invocation.flag("--summary") {
      invocation.output.show(summary(letters), nothing: nothing)
    } else {
      invocation.output.show(table(letters), nothing: nothing)
    }
    if letters.count == filter.limit {
      invocation.output.note("There may be more: --limit \(filter.limit) was reached.")
    }
    return .done
  }

  static func table(_ letters: [DeadLetter]) -> Table {
    var table = Table(
      .right("id"), .left("deadAt"), .left("worker"), .left("place"), .left("reason"), .left("path"), .left("source"),
      .left("eventId"), .right("replays"), .left("state"), .left("detail"))
    for letter in letters {
      table.add(
        .number(letter.id), .time(letter.deadAt), .text(letter.worker), .text(letter.place), .text(letter.reason),
        .text(optional: letter.path.isEmpty ? nil : letter.path), .text(optional: letter.source),
        .text(optional: letter.event), .number(Int64(letter.replays)), .text(letter.state), .text(letter.detail))
    }
    return table
  }

  static func summary(_ letters: [DeadLetter]) -> Table {
    var table = Table(
      .left("worker"), .left("topic"), .left("reason"), .left("state"), .right("letters"), .left("oldest"),
      .left("newest"))
    let groups = Dictionary(grouping: letters) { [$0.worker, $0.topic, $0.reason, $0.state] }
    for (key, letters) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let times = letters.map(\.deadAt).sorted()
      table.add(
        .text(key[0]), .text(key[1]), .text(key[2]), .text(key[3]), .number(Int64(letters.count)), .time(times[0]),
        .time(times[times.count - 1]))
    }
    return table
  }

  static let show = Command(
    name: "dead-letters show", summary: "print one dead letter with its key, headers and value", operands: "ID",
    operandCount: 1...1,
    options: [
      CommandOption(
        "--reveal", nil, "print a person's data as it came; needs the role millrace_reveal, and is recorded"),
      .json,
    ],
    details: """
      Names, ID numbers, phones and addresses are masked in key, headers and value. What is not UTF-8 may hold any of
      them: only its length is printed, and with --reveal all of it in base64.
      """,
    examples: [
      ("millrace dead-letters show 17", "see one, masked"), ("millrace dead-letters show 17 --reveal", "see all of it"),
    ],
    run: runShow)

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    guard let id = Int64(invocation.operands[0]) else {
      throw Failure.usage("\(shown(invocation.operands[0])) is not the number of a dead letter.")
    }
    let session = try invocation.database()
    let sight = try PersonalSight(invocation, session, "dead letter \(id)")
    let rows = try session.rows(
      """
      select id, worker, topic, partition, "offset", recorded_at, dead_at, reason, path, detail, source, event_id,
        state, settled_at, settled_by, key, header_names, header_values, value
      from dead_letter where id = $1
      """
    ) { $0.integer(id) }
    guard rows.count == 1 else { throw Failure.no("there is no dead letter \(id).") }
    let row = rows[0]
    var table = Table(
      .left("id"), .left("worker"), .left("topic"), .left("partition"), .left("offset"), .left("recordedAt"),
      .left("deadAt"), .left("reason"), .left("path"), .left("detail"), .left("source"), .left("eventId"),
      .left("state"), .left("settledAt"), .left("settledBy"), .left("key"), .left("headers"), .left("value"))
    let values = row.array(17) { $0.map { [UInt8]($0) } ?? [] }
    let headers = zip(row.texts(16), values).map { (name: $0, value: sight.header($0, $1)) }
    table.add(
      .number(row.integer(0)), .text(row.text(1)), .text(row.text(2)), .number(row.integer(3)), .number(row.integer(4)),
      .time(optional: row.optionalTimestamp(5)), .time(row.timestamp(6)), .text(row.text(7)), .text(row.text(8)),
      .text(row.text(9)), .text(optional: row.optionalText(10)), .text(optional: row.optionalText(11)),
      .text(row.text(12)), .time(optional: row.optionalTimestamp(13)), .text(optional: row.optionalText(14)),
      .text(optional: row.optionalBytes(15).map(sight.shown)),
      .nested(
        json: "["
          + headers.map { "{\"name\":\(jsonQuoted($0.name)),\"value\":\(jsonQuoted($0.value))}" }
          .joined(separator: ",") + "]",
        shown: headers.map { "\(printable($0.name))=\(printable($0.value))" }.joined(separator: "\n          ")),
      .text(optional: row.optionalBytes(18).map(sight.shown)))
    invocation.output.showUpright(table)
    return .done
  }
}

/// Bytes that came from outside, for people.
enum Bytes {
  static func shown(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return "base64:" + String(decoding: Base64.encoded(bytes), as: UTF8.self)
  }
}
