internal import Imports
internal import JSON
internal import Postgres
internal import Printing
internal import ShortMessages
internal import Tables
internal import Templates
internal import Values

/// `outreach render`: what a template comes to with values.
enum OutreachRender {
  static let command = Command(
    name: "outreach render", summary: "show the message that a template makes of values", operands: "NAME",
    operandCount: 1...1,
    options: TemplateChoice.options + [
      CommandOption(
        "--variables", "FILE", "a JSON object: texts, numbers, {\"amount\": \"5.00\", \"currency\": \"CNY\"}"),
      CommandOption("--set", "NAME=VALUE", "one variable, a text; may be given again", isRepeatable: true),
      CommandOption("--time-zone", "ZONE", "tell times by this clock, as Asia/Shanghai; else as they are written"),
      CommandOption("--price", "AMOUNT", "of a part, as 0.045CNY: for the cost"), .json,
    ],
    details: """
      Of a short message also: its encoding (GSM-7 if every character is in that alphabet, else UCS-2, with the first
      that is not), its length in septets or UTF-16 units with the signature, and the parts that it is sent in. A missing
      variable without a default is an error: exit code 1.
      """,
    examples: [
      (
        "millrace outreach render maturity --channel sms --language zh-CN --set name=王伟 --price 0.045CNY", "one message"
      ),
      ("millrace outreach render maturity --variables someone.json --json", "for machines"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let price = try invocation.text("--price").map(price)
    let values = try values(invocation)
    let clock = try invocation.text("--time-zone").map { zone throws(TableError) in try LocalTime(zone: zone) }
    let found = try TemplateChoice(invocation).one(try invocation.database())
    let template = try found.template.check()
    var zone: TemplateZone?
    if let clock { zone = { clock.offset(at: $0) } }
    let message: MessageTemplate.Message
    do throws(RenderRefusal) {
      message = try template.render(values, zone: zone)
    } catch {
      throw Failure.no("\(error).")
    }
    var table = Table(
      .left("name"), .left("channel"), .left("language"), .right("version"), .left("subject"), .left("text"),
      .left("html"), .left("encoding"), .right("length"), .right("left"), .right("parts"), .left("foreign"),
      .left("cost"))
    let key = found.template.key
    let head: [Table.Cell] = [.text(key[0]), .text(key[1]), .text(key[2]), .number(found.version)]
    let signed = ShortMessage.signed(message.text, found.template.signature)
    let said: [Table.Cell] = [.text(optional: message.subject), .text(signed), .text(optional: message.html)]
    let counted = found.template.source.channel == .sms ? try counted(signed, price) : Array(repeating: .none, count: 6)
    table = Table(table.columns, [head + said + counted])
    if invocation.output.isJSON {
      invocation.output.show(table)
      return .done
    }
    for text in [message.subject, signed, message.html].compactMap({ $0 }) {
      invocation.output.write(lines(text) + "\n\n")
    }
    let shown = zip(table.columns, table.rows[0]).dropFirst(7).filter { $0.1 != .none }
    if !shown.isEmpty { invocation.output.write(Table(shown.map(\.0), [shown.map(\.1)]).upright) }
    return .done
  }

  private static func counted(_ text: String, _ price: Money?) throws(Failure) -> [Table.Cell] {
    guard let message = ShortMessage(text) else {
      throw .no("the text needs more than \(ShortMessage.mostParts) parts, which no short message has.")
    }
    var cost: Table.Cell = .none
    if let price {
      let (product, overflow) = price.tenThousandths.multipliedReportingOverflow(by: Int64(message.parts.count))
      guard !overflow else { throw .usage("--price is too high.") }
      let money = Money(tenThousandths: product, currency: price.currency)
      cost = .nested(
        json: String(decoding: JSONWriter.object { $0.members(of: money) }, as: UTF8.self), shown: "\(money)")
    }
    return [
      .text(message.encoding.rawValue), .number(Int64(message.units)), .number(Int64(message.left)),
      .number(Int64(message.parts.count)), .text(optional: message.foreign.map { String($0) }), cost,
    ]
  }

  /// `0.045CNY`, with or without a space.
  private static func price(_ text: String) throws(Failure) -> Money {
    let amount = text.prefix { $0 == "." || $0.isNumber }
    let currency = text.dropFirst(amount.count).drop { $0 == " " }
    guard let price = Money(String(amount), String(currency)) else {
      throw .usage("--price is \(shown(text)), but must be an amount with its currency, as 0.045CNY.")
    }
    return price
  }

  private static func values(_ invocation: Invocation) throws(Failure) -> [String: TemplateValue] {
    var values: [String: TemplateValue] = [:]
    if let file = invocation.text("--variables") {
      let bytes = try InputFiles.contents(of: file)
      let read: Result<[String: TemplateValue], Refusal> = bytes.withUnsafeBytes { text in
        Result { () throws(Refusal) in
          try JSONTape().read(text) { object throws(Refusal) in try [String: TemplateValue](reading: object) }
        }
      }
      do throws(Refusal) { values = try read.get() } catch { throw .no("\(file): \(error)") }
    }
    for (name, value) in try TemplateValues.set(invocation) { values[name] = .text(value) }
    return values
  }
}
