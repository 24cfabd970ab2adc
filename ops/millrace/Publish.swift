internal import Contract
internal import Imports
internal import Kafka
internal import Printing
internal import Topics
internal import Values

/// `publish`: acts at once, because what arrives twice takes effect once.
enum Publish {
  static let command = Command(
    name: "publish", summary: "publish a file of events, a line each, to a topic",
    operands: "TOPIC FILE", operandCount: 2...2,
    options: [
      CommandOption("--check", nil, "only say what is wrong with the file; publish nothing"),
      CommandOption("--source", "URI", "CloudEvents source of lines that name none (default \(defaultSource))"),
      CommandOption("--name", "NAME", "what the ids begin with (default: the file's name)"),
      CommandOption("--rate", "N", "publish N events a second; without it, as fast as the broker takes them"),
      CommandOption("--with-refused", nil, "publish also the lines that workers will refuse: they become dead letters"),
      .json,
    ],
    details: """
      FILE is JSON Lines; - is standard input. A line is either the data of an event, {"phone":"13812345678",
      "source":"web"}, or a CloudEvent in JSON, {"specversion":"1.0","id":"7","source":"/crm","time":"2026-01-31T09:30:00Z",
      "data":{...}}, with type where the topic has several. Every line is checked as the workers check it, and nothing is
      published if one is wrong.

      The id of a line that gives none is made of the file's name and the line itself: the same file published again,
      also with lines mended or added, has the same ids, and workers drop what they have taken already. Lines of standard
      input get new ids each time, unless --name is given.
      """,
    examples: [
      ("millrace publish lead.registered leads.jsonl", "publish a file"),
      ("millrace publish lead.registered leads.jsonl --check", "see whether a file is right"),
      ("millrace publish lead.registered - --rate 100 < leads.jsonl", "a hundred events a second"),
    ],
    run: run)

  static let defaultSource = "/millrace/publish"
  /// Wrong lines shown; the others are counted.
  private static let mostShown = 20

  private static func run(_ invocation: Invocation) throws -> Exit {
    let event = try event(of: invocation.operands[0])
    let source = invocation.text("--source") ?? defaultSource
    guard (1...400).contains(source.utf8.count) else { throw Failure.usage("--source must have 1 to 400 bytes.") }
    let rate = try rate(invocation)
    let file = try PublishFile(invocation.operands[1])
    let name = invocation.text("--name") ?? (file.name == "-" ? "-/\(wallClock().rfc3339)" : file.name)
    guard (1...300).contains(name.utf8.count) else { throw Failure.usage("--name must have 1 to 300 bytes.") }
    let lines = { PublishLines(of: event, name: name, source: source) }

    let (count, refused) = check(file, lines(), invocation.output)
    guard count > 0 else { throw Failure.no("\(shown(file.name)) has no lines.") }
    if refused > 0, !invocation.flag("--with-refused") {
      throw Failure.no("\(refused) of \(count) lines are wrong; nothing was published.")
    }
    if invocation.flag("--check") {
      if !invocation.output.isJSON { invocation.output.note("All \(count) lines are right.") }
      return .done
    }
    let output = invocation.output
    let result = try Publisher(event.topic, try invocation.broker()).publish(file, lines(), rate: rate) { sent in
      if !output.isJSON { output.note("\(sent) of \(count) published") }
    }
    return show(result, event.topic, refused: refused, output)
  }

  private static func event(of topic: String) throws(Failure) -> any Event.Type {
    let known = Catalogue.events.filter { $0.topic.origin.isOutside }.map { $0.topic.name }
    guard let event = Catalogue.event(of: topic) else {
      throw .usage("there is no topic \(shown(topic))\(Misspelling.hint(topic, known)) See `millrace topics list`.")
    }
    guard event.topic.origin.isOutside else {
      throw .usage("\(topic) is written by the relay alone; its readers refuse what others write.")
    }
    return event
  }

  private static func rate(_ invocation: Invocation) throws(Failure) -> Int? {
    guard let text = invocation.text("--rate") else { return nil }
    let number = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
    guard let rate = Int(number), (1...1_000_000).contains(rate) else {
      throw .usage("--rate is \(shown(text)), but must be a whole number of events a second, from 1 to 1000000.")
    }
    return rate
  }

  /// Names what is wrong, by line and field.
  private static func check(_ file: PublishFile, _ lines: PublishLines, _ output: Output) -> (lines: Int, refused: Int)
  {
    var count = 0
    var refused = 0
    file.forEachLine { number, bytes in
      count += 1
      guard let refusal = lines.read(bytes, number: number).refusal else { return }
      refused += 1
      if refused <= mostShown { output.complain("\(file.name):\(number): \(refusal)") }
    }
    if refused > mostShown { output.complain("and \(refused - mostShown) more lines") }
    return (count, refused)
  }

  private static func show(_ result: Publisher.Outcome, _ topic: Topic, refused: Int, _ output: Output) -> Exit {
    for failure in result.failures.prefix(mostShown) { output.complain("line \(failure.line): \(failure.error)") }
    var table = Table(
      .left("topic"), .right("published"), .right("refused"), .right("acknowledged"), .right("failed"),
      .right("seconds"))
    table.add(
      .text(topic.name), .number(Int64(result.sent)), .number(Int64(refused)), .number(Int64(result.acknowledged)),
      .number(Int64(result.sent - result.acknowledged)), .decimal(result.seconds))
    output.show(table)
    guard result.acknowledged == result.sent else {
      output.complain(
        "\(result.sent - result.acknowledged) events were not acknowledged; publish the same file again: "
          + "what did arrive is recognised.")
      return .unreachable
    }
    return .done
  }
}
