internal import Values

/// Finds what a command line asks for.
enum Dispatch {
  enum Found {
    case command(Command, rest: [String])
    case help(String)
  }

  static func find(_ words: [String], in commands: [Command] = Commands.all) throws(Failure) -> Found {
    let isHelp: (String) -> Bool = { $0 == "--help" || $0 == "-h" || $0 == "help" }
    guard let first = words.first else { throw .usage(Help.overview(commands)) }
    if isHelp(first) {
      let rest = words.dropFirst().filter { !isHelp($0) }
      return rest.isEmpty ? .help(Help.overview(commands)) : try find(rest + ["--help"], in: commands)
    }
    if let command = commands.first(where: { $0.name == first }) {
      return .command(command, rest: Array(words.dropFirst()))
    }
    let group = commands.filter { $0.group == first }
    guard !group.isEmpty else {
      let known = commands.map(\.group)
      throw .usage("there is no command \(shown(first))\(Misspelling.hint(first, known)) See `millrace --help`.")
    }
    guard let second = words.dropFirst().first, !isHelp(second) else {
      if words.count > 1 { return .help(Help.group(first, group)) }
      throw .usage(Help.group(first, group))
    }
    if let command = group.first(where: { $0.name == "\(first) \(second)" }) {
      return .command(command, rest: Array(words.dropFirst(2)))
    }
    let name = "\(first) \(second)"
    let below = group.filter { $0.name.hasPrefix(name + " ") }
    guard !below.isEmpty else {
      let known = group.map { String($0.name.split(separator: " ")[1]) }
      throw .usage("\(first) has no \(shown(second))\(Misspelling.hint(second, known)) See `millrace \(first) --help`.")
    }
    guard let third = words.dropFirst(2).first else { throw .usage(Help.group(name, below)) }
    if isHelp(third) { return .help(Help.group(name, below)) }
    guard let command = below.first(where: { $0.name == "\(name) \(third)" }) else {
      let known = below.map { String($0.name.dropFirst(name.count + 1)) }
      throw .usage("\(name) has no \(shown(third))\(Misspelling.hint(third, known)) See `millrace \(name) --help`.")
    }
    return .command(command, rest: Array(words.dropFirst(3)))
  }
}
