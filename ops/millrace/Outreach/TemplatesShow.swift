internal import Postgres
internal import Printing
internal import Templates
internal import Values

/// `outreach templates list` and `show`.
enum TemplatesShow {
  static let list = Command(
    name: "outreach templates list", summary: "list the versions in use",
    options: [CommandOption("--all", nil, "older and withdrawn versions too"), .json],
    examples: [("millrace outreach templates list", "what messages are made from")],
    run: runList)

  static let show = Command(
    name: "outreach templates show", summary: "show what a template says and wants to know", operands: "NAME",
    operandCount: 1...1, options: TemplateChoice.options + [.json],
    details: "Of each channel and language one version, unless --channel and --language choose.",
    examples: [
      ("millrace outreach templates show maturity", "what is in use"),
      ("millrace outreach templates show maturity --language zh-CN --version 2", "what an older one said"),
    ],
    run: runShow)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    var table = Table(
      .left("name"), .left("channel"), .left("language"), .right("version"), .left("state"), .left("storedAt"),
      .left("storedBy"), .left("providerTemplate"), .left("signature"))
    for row in try TemplateVersion.read(try invocation.database()) {
      guard row.state == .used || invocation.flag("--all") else { continue }
      table.add(
        .text(row.template.name), .text(row.template.source.channel.rawValue), .text(row.template.source.language),
        .number(row.version), .text(row.state.rawValue), .time(row.storedAt), .text(row.storedBy),
        .text(optional: row.template.providerTemplate), .text(optional: row.template.signature))
    }
    invocation.output.show(table, nothing: "No templates are stored.")
    return .done
  }

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    let found = try TemplateChoice(invocation).all(try invocation.database())
    var table = Table(
      .left("name"), .left("channel"), .left("language"), .right("version"), .left("state"), .left("storedAt"),
      .left("storedBy"), .left("providerTemplate"), .left("signature"), .left("variables"), .left("subject"),
      .left("text"), .left("html"))
    for row in found {
      let source = row.template.source
      table.add(
        .text(row.template.name), .text(source.channel.rawValue), .text(source.language), .number(row.version),
        .text(row.state.rawValue), .time(row.storedAt), .text(row.storedBy),
        .text(optional: row.template.providerTemplate),
        .text(optional: row.template.signature), variables(try row.template.check().variables),
        .text(optional: source.subject), .text(source.text), .text(optional: source.html))
    }
    if invocation.output.isJSON {
      invocation.output.show(table)
    } else {
      for row in table.rows { invocation.output.write(upright(table.columns, row)) }
    }
    return .done
  }

  private static func variables(_ variables: [TemplateVariable]) -> Table.Cell {
    let objects = variables.map { variable in
      let formats = variable.formats.map(jsonQuoted).joined(separator: ",")
      return "{\"name\":\(jsonQuoted(variable.name)),\"needed\":\"\(variable.need)\",\"formats\":[\(formats)]}"
    }
    let shown = variables.map { variable in
      let formats = variable.formats.isEmpty ? "" : " (\(variable.formats.joined(separator: ", ")))"
      return printable(variable.name) + formats + (variable.need == .always ? "" : ", \(variable.need) needed")
    }
    return .nested(
      json: "[\(objects.joined(separator: ","))]", shown: shown.isEmpty ? "-" : shown.joined(separator: "; "))
  }

  /// Texts of several lines stand below what they are called, as they are.
  private static func upright(_ columns: [Table.Column], _ row: [Table.Cell]) -> String {
    let parts = zip(columns, row)
    let short = parts.filter { !["subject", "text", "html"].contains($0.0.name) && $0.1 != .none }
    var text = Table(short.map(\.0), [short.map(\.1)]).upright
    for (column, cell) in parts {
      guard case .text(let value) = cell, ["subject", "text", "html"].contains(column.name) else { continue }
      text += "\n\(column.title)\n\(lines(value))\n"
    }
    return text + "\n"
  }
}

/// Harmless to a terminal, with its line ends.
func lines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(separator: "\n")
}
