internal import Settings
internal import Values

/// A command line as its command sees it: operands and options, checked against what the command declares.
struct Invocation {
  let command: Command
  let operands: [String]
  let environment: Environment
  let output: Output
  /// As it was typed, for the record of what operators did.
  let line: String
  private let given: [String: [String]]

  init(of command: Command, _ words: [String], _ environment: Environment, _ output: Output) throws(Failure) {
    var operands: [String] = []
    var given: [String: [String]] = [:]
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      let name = word == "-h" ? "--help" : String(word.prefix { $0 != "=" })
      guard let option = Invocation.options(of: command).first(where: { $0.name == name }) else {
        let known = Invocation.options(of: command).map(\.name)
        throw .usage(
          "\(command.name) has no option \(shown(name))\(Misspelling.hint(name, known)) "
            + "See `millrace \(command.name) --help`.")
      }
      guard given[name] == nil || option.isRepeatable else { throw .usage("\(name) is given twice.") }
      let attached = word.contains("=") ? String(word.drop { $0 != "=" }.dropFirst()) : nil
      switch (option.value, attached) {
      case (nil, nil): given[name] = [""]
      case (nil, _): throw .usage("\(name) takes no value.")
      case (_, let value?): given[name, default: []].append(value)
      case (let what?, nil):
        guard let value = rest.popFirst() else { throw .usage("\(name) needs a value: \(name) \(what).") }
        given[name, default: []].append(value)
      }
    }
    if given["--help"] == nil, !command.operandCount.contains(operands.count) {
      let problem =
        operands.count < command.operandCount.lowerBound
        ? "needs \(command.operands)" : "takes no \(shown(operands[command.operandCount.upperBound]))"
      throw .usage("\(command.name) \(problem). See `millrace \(command.name) --help`.")
    }
    self.command = command
    self.line = ([command.name] + words).joined(separator: " ")
    self.operands = operands
    self.given = given
    self.environment = environment
    self.output = output
    output.isJSON = given["--json"] != nil
  }

  private static func options(of command: Command) -> [CommandOption] {
    command.options + [CommandOption("--help", nil, "print this")]
  }

  var wantsHelp: Bool { given["--help"] != nil }
  var isExecuting: Bool { flag("--execute") }

  func flag(_ name: String) -> Bool {
    precondition(command.has(name), "\(command.name) does not declare \(name)")
    return given[name] != nil
  }

  func text(_ name: String) -> String? {
    precondition(command.has(name), "\(command.name) does not declare \(name)")
    return given[name]?.last
  }

  /// All values of an option that may be given more than once, in their order.
  func texts(_ name: String) -> [String] {
    precondition(command.has(name), "\(command.name) does not declare \(name)")
    return given[name] ?? []
  }

  func integer(_ name: String, _ range: ClosedRange<Int64>) throws(Failure) -> Int64? {
    guard let text = text(name) else { return nil }
    guard let value = Int64(text), range.contains(value) else {
      throw .usage(
        "\(name) is \(shown(text)), but must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }
}
