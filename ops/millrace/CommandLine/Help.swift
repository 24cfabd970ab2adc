internal import Printing
internal import Settings

/// What `--help` prints.
enum Help {
  static func overview(_ commands: [Command]) -> String {
    var groups: [(name: String, meaning: String)] = []
    for command in commands where !groups.contains(where: { $0.name == command.group }) {
      groups.append((command.group, Commands.groups[command.group] ?? command.summary))
    }
    return """
      millrace operates the workers between Kafka and PostgreSQL.

      Usage: millrace COMMAND [SUBCOMMAND] [OPTIONS]

      \(listed(groups))

      `millrace COMMAND --help` tells more. What destroys or resends only shows what it would do, until --execute.

      \(settings)
      \(exits)

      """
  }

  static func group(_ name: String, _ commands: [Command]) -> String {
    """
    millrace \(name): \(Commands.groups[name] ?? "")

    \(listed(commands.map { ("\($0.name) \($0.operands)", $0.summary) }))

    `millrace \(commands[0].name) --help` tells more.

    """
  }

  static func of(_ command: Command) -> String {
    let options = command.options.map { option in
      let value = option.value.map { " \($0)" } ?? ""
      return (name: option.name + value, meaning: option.meaning)
    }
    let head = ["millrace", command.name, command.operands].filter { !$0.isEmpty }.joined(separator: " ")
    let all = options.map { " [\($0.name)]" }.joined()
    let usage = head + (head.count + all.count > 100 ? " [OPTIONS]" : all)
    var parts = ["millrace \(command.name): \(command.summary)", "Usage: \(usage)"]
    if !command.details.isEmpty { parts.append(command.details) }
    if !options.isEmpty { parts.append("Options:\n" + listed(options)) }
    if !command.examples.isEmpty {
      parts.append("Examples:\n" + command.examples.map { "  # \($0.meaning)\n  \($0.line)" }.joined(separator: "\n"))
    }
    parts.append(settings)
    return parts.joined(separator: "\n\n") + exits + "\n"
  }

  private static var settings: String { Settings.help(for: [Sessions.database, Sessions.kafka]) }

  private static let exits = """

    Exit codes: 0 done, 1 no or a check failed, 2 wrong command line or setting, 3 PostgreSQL or Kafka not reached.
    """

  private static func listed(_ lines: [(name: String, meaning: String)]) -> String {
    let width = lines.map { displayWidth($0.name) }.max() ?? 0
    return lines.map { "  \(padded($0.name, to: width))  \($0.meaning)" }.joined(separator: "\n")
  }
}
