internal import Glibc
internal import Settings

/// The operators' command: `millrace COMMAND [SUBCOMMAND]`.
///
/// Standard output carries what was asked for, standard error what went wrong. Exit codes: see `Exit`.
@main
struct Millrace {
  static func main() {
    // A reader that has gone (`| head`) is told by the failed write, which ends the command quietly.
    signal(SIGPIPE, SIG_IGN)
    let output = Output(
      width: terminalWidth(), showsProgress: isatty(STDERR_FILENO) == 1,
      out: { text in
        if !put(text, STDOUT_FILENO) { exit(Exit.done.rawValue) }
      },
      err: { _ = put($0, STDERR_FILENO) })
    let environment: Environment
    do { environment = try .ofProcess() } catch {
      output.complain("\(error)")
      exit(Exit.usage.rawValue)
    }
    let words = CommandLine.arguments.dropFirst().map { $0 }
    exit(run(words, environment, output).rawValue)
  }

  /// One run of the command. Tests call it with an environment and an output of their own.
  static func run(_ words: [String], _ environment: Environment, _ output: Output) -> Exit {
    do {
      switch try Dispatch.find(words) {
      case .help(let text):
        output.write(text)
        return .done
      case .command(let command, let rest):
        let invocation = try Invocation(of: command, rest, environment, output)
        if invocation.wantsHelp {
          output.write(Help.of(command))
          return .done
        }
        return try command.run(invocation)
      }
    } catch {
      let failure = Failure(error)
      output.complain(failure.sentence)
      return failure.exit
    }
  }

  private static func terminalWidth() -> Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Writes all of the text, or answers false.
  private static func put(_ text: String, _ descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return true
    }
  }
}
