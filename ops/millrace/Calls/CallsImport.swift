internal import Contract
internal import Imports
internal import Kafka
internal import Printing
internal import Tables
internal import Topics
internal import Values

/// `calls import`: a telephone system's files as `call.events`.
enum CallsImport {
  static let command = Command(
    name: "calls import", summary: "publish the calls of Asterisk's queue_log or CDR files", operands: "FILE",
    operandCount: 1...1,
    options: [
      CommandOption("--from", "FORMAT", "queue_log or cdr (default queue_log)"),
      CommandOption("--time-zone", "ZONE", "the zone that local times are of, as in Asia/Shanghai (default UTC)"),
      CommandOption("--system", "NAME", "put before call ids, so that those of several systems differ"),
      CommandOption("--extensions", "DIGITS", "cdr: numbers with as many digits at most are our own (default 6)"),
      CommandOption("--reject", "FILE", "write the bad lines there, to be mended and imported"),
      .execute, .json,
    ],
    details: """
      FILE is a queue_log, or with --from cdr the Master.csv of cdr_csv with loguniqueid, or a table with such a heading;
      - is standard input.
      Topics/README.md has the table of what becomes of what. Shows what would be published; publishes it with
      --execute. Seconds since 1970 need no zone; cdr_csv writes local times unless usegmtime is set.

      A bad line holds up no other. It is told with line, field and reason; --reject FILE collects them with their
      fields as columns: mended there it may be imported in its turn. A file that is imported again adds nothing: a
      repeat is known by what it says.
      """,
    examples: [
      ("millrace calls import /var/log/asterisk/queue_log", "see what would be published"),
      ("millrace calls import Master.csv --from cdr --time-zone Asia/Shanghai --execute", "publish a CDR file"),
    ],
    run: run)

  private static let mostShown = 20

  private static func run(_ invocation: Invocation) throws -> Exit {
    let format = try format(invocation)
    let file = try TextFile(invocation.operands[0])
    let rejects = try invocation.text("--reject").map { try RejectFile($0, header: format.header) }
    let publisher =
      invocation.isExecuting
      ? try Publisher(CallEvents.topic, try invocation.broker()) : nil
    var outcome = Publisher.Outcome()
    var failed: KafkaError?
    var bad = 0
    let start = ContinuousClock.now
    let calls = try CallsFile(file, format)
    while let row = try calls.next() {
      do throws(Refusal) {
        try calls.read(row, isPublished: publisher != nil) { line in
          do throws(KafkaError) { try publisher?.send(line, number: calls.read, &outcome) } catch { failed = error }
        }
      } catch {
        bad += 1
        try rejects?.add(calls.ordered(row), error)
        if bad <= mostShown {
          invocation.output.complain("\(file.name):\(row.line): \(printable(error.description))")
        }
      }
      if let failed { throw failed }
    }
    publisher?.drain(&outcome)
    outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
    try rejects?.finish()
    return show(calls, bad, file.name, publisher.map { _ in outcome }, rejects, invocation)
  }

  private static func format(_ invocation: Invocation) throws -> CallsFormat {
    let times = try LocalTime(zone: invocation.text("--time-zone"))
    let system = invocation.text("--system")
    if let system, !(1...40).contains(system.utf8.count) { throw Failure.usage("--system must have 1 to 40 bytes.") }
    switch invocation.text("--from") ?? "queue_log" {
    case "queue_log": return .queueLog(QueueLog(times: times, system: system))
    case "cdr":
      let digits = try invocation.integer("--extensions", 1...15) ?? 6
      return .cdr(CallDetailRecord(times: times, system: system, extensionDigits: Int(digits)))
    case let other: throw Failure.usage("--from is \(shown(other)), but must be queue_log or cdr.")
    }
  }

  /// - Parameter outcome: nil where nothing was published.
  private static func show(
    _ calls: CallsFile, _ bad: Int, _ name: String, _ outcome: Publisher.Outcome?, _ rejects: RejectFile?,
    _ invocation: Invocation
  ) -> Exit {
    let output = invocation.output
    let events = calls.types.sorted { $0.key < $1.key }
    var table = Table(
      .left("file"), .right("lines"), .right("bad"), .right("passedOver"), .right("events"), .left("types"),
      .right("acknowledged"), .right("failed"))
    table.add(
      .text(name), .number(Int64(calls.read + bad)), .number(Int64(bad)), .number(Int64(calls.passedOver)),
      .number(Int64(events.reduce(0) { $0 + $1.value })),
      .nested(
        json: "{" + events.map { "\(jsonQuoted($0.key)):\($0.value)" }.joined(separator: ",") + "}",
        shown: events.map { "\($0.key) \($0.value)" }.joined(separator: ", ")),
      .number(optional: outcome.map { Int64($0.acknowledged) }),
      .number(optional: outcome.map { Int64($0.sent - $0.acknowledged) }))
    output.showUpright(table)
    if bad > 0, events.isEmpty {
      output.complain("no line could be read: is it a \(invocation.text("--from") ?? "queue_log") file? See --from.")
    }
    if let rejects, rejects.count > 0 { output.note("The bad lines are in \(rejects.path).") }
    guard let outcome else {
      output.note("Nothing was published. To publish, add --execute.")
      return bad > 0 ? .no : .done
    }
    if outcome.acknowledged < outcome.sent {
      output.complain("not all events were acknowledged; import the same file again: what did arrive is recognised.")
      return .unreachable
    }
    return bad > 0 ? .no : .done
  }
}
