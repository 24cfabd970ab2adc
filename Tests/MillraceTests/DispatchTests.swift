import Testing
import Values

@testable import Printing
@testable import millrace

@Suite struct DispatchTests {
  @Test(
    "every command has help with its usage, examples that name it, and settings", arguments: Commands.all.map(\.name))
  func help(name: String) throws {
    let words = name.split(separator: " ").map(String.init)
    let command = try #require(Commands.all.first { $0.name == name })
    for line in [words + ["--help"], words + ["-h"], ["help"] + words, ["--help"] + words] {
      guard case .command(let found, let rest) = try Dispatch.find(line) else {
        Issue.record("\(line) is not a command")
        continue
      }
      #expect(found.name == name && rest.contains { $0 == "--help" || $0 == "-h" })
    }
    let help = Help.of(command)
    #expect(help.contains("Usage: millrace \(name)"))
    #expect(help.contains("DATABASE_URL") && help.contains("Exit codes"))
    #expect(command.examples.contains { $0.line.contains("millrace \(name)") })
    for line in help.split(separator: "\n") { #expect(displayWidth(String(line)) <= 120, "\(line)") }
  }

  @Test("the overview names every group once, with what it is for")
  func overview() {
    let run = CommandRun("--help")
    #expect(run.exit == .done)
    for group in Set(Commands.all.map(\.group)) {
      #expect(run.out.split(separator: "\n").filter { $0.hasPrefix("  \(group) ") }.count == 1)
      #expect(Commands.groups[group] != nil || Commands.all.filter { $0.group == group }.count == 1)
    }
  }

  @Test(
    "a wrong word is one sentence with the nearest right one",
    arguments: [
      (["migrat"], "there is no command \"migrat\"; did you mean `migrate`?"),
      (["lane", "list"], "there is no command \"lane\"; did you mean `lanes`?"),
      (["dead-letters", "shwo"], "dead-letters has no \"shwo\"; did you mean `show`?"),
      (["positions", "delete"], "positions has no \"delete\". See `millrace positions --help`."),
      (["lag", "--wacth"], "lag has no option \"--wacth\"; did you mean `--watch`?"),
      (["lag", "--every"], "--every needs a value: --every SECONDS."),
      (["lag", "--every", "x"], "--every is \"x\", but must be a whole number from 1 to 3600."),
      (["lag", "--json=yes"], "--json takes no value."),
      (["lag", "--json", "--json"], "--json is given twice."),
      (["lag", "now"], "lag takes no \"now\"."),
      (["lanes", "resume"], "lanes resume needs WORKER [TOPIC[/PARTITION]]."),
      (["lanes", "resume", "w", "t/x"], "\"t/x\" is no TOPIC/PARTITION: a partition is a number from 0 on."),
      (["positions", "reset", "w", "t"], "say where: --to start, end or an offset."),
      (["dead-letters", "replay"], "say which: IDs, a filter such as --reason, or --all."),
    ])
  func wrong(words: [String], sentence: String) {
    var err = ""
    let output = Output(out: { _ in }, err: { err += $0 })
    let exit = Millrace.run(words, .init(["DATABASE_URL": "host=127.0.0.1 port=1"]), output)
    #expect(exit == .usage)
    #expect(err.hasPrefix("millrace: \(sentence)"), "\(err)")
  }

  @Test("a group without a subcommand lists them")
  func groups() {
    let asked = CommandRun("lanes", "--help")
    #expect(asked.exit == .done && asked.out.contains("lanes list") && asked.out.contains("lanes resume"))
    let forgotten = CommandRun("lanes")
    #expect(forgotten.exit == .usage && forgotten.err.contains("lanes resume"))
  }

  @Test("a database that is not there, and a setting that is wrong, have exit codes of their own")
  func unreachable() {
    let away = CommandRun("lanes", "list", more: ["DATABASE_URL": "host=127.0.0.1 port=1 dbname=x"])
    #expect(away.exit == .unreachable && away.err.hasPrefix("millrace: PostgreSQL 08000"))
    let wrong = CommandRun("lanes", "list", more: ["DATABASE_URL": "nonsense"])
    #expect(wrong.exit == .usage && wrong.err.contains("DATABASE_URL"))
  }

  @Test("slips of the hand are near, other words are far")
  func distance() {
    #expect(Misspelling.distance("lag", "lag") == 0)
    #expect(Misspelling.distance("shwo", "show") == 1)
    #expect(Misspelling.distance("", "abc") == 3)
    #expect(Misspelling.distance("kitten", "sitting") == 3)
  }
}
