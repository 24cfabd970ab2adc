/// One thing that `millrace` can do. Its help, its checks and its run come from this one declaration.
struct Command: Sendable {
  /// The words that call it: `migrate`, `lanes list`, or `outreach templates load`.
  let name: String
  /// One line, a verb first: what it does.
  let summary: String
  /// What follows the name, in capitals: `WORKER [TOPIC[/PARTITION]]`.
  var operands = ""
  var operandCount: ClosedRange<Int> = 0...0
  var options: [CommandOption] = []
  /// A paragraph or two: what must be known before it is used.
  var details = ""
  /// Command lines with what they do: `("millrace lag --watch", "follow it")`.
  var examples: [(line: String, meaning: String)] = []
  let run: @Sendable (Invocation) throws -> Exit

  /// The first word, under which related commands are listed.
  var group: String { String(name.prefix { $0 != " " }) }

  func has(_ option: String) -> Bool { options.contains { $0.name == option } }
}

struct CommandOption: Sendable {
  /// With its dashes: `--accept`.
  let name: String
  /// What its value is called in the help, `N`; nil for a flag.
  let value: String?
  let meaning: String
  /// Whether it may be given more than once.
  let isRepeatable: Bool

  init(_ name: String, _ value: String? = nil, _ meaning: String, isRepeatable: Bool = false) {
    self.name = name
    self.value = value
    self.meaning = meaning
    self.isRepeatable = isRepeatable
  }

  static let json = CommandOption("--json", nil, "print an array of objects for machines")
  static let execute = CommandOption("--execute", nil, "do it; without this only what would be done is shown")
}
