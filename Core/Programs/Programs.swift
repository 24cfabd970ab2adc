internal import CPrograms
internal import Glibc
internal import Values

/// Any number of programs under way; used by one thread.
///
///     programs.begin(Program("paps", ["--paper=a4"], input: text), as: 7, within: .seconds(10))
///     …
///     for (number, end) in programs.takeEnded() { … }
public final class Programs {
  private struct Running {
    let number: Int64
    let process: pid_t
    let deadline: Duration
    let output: MemoryFile
    let errors: MemoryFile
    var isKilled = false
  }

  private var running: [Running] = []
  private var ended: [(number: Int64, end: ProgramEnd)] = []

  public init() {}

  deinit {
    for program in running {
      kill(program.process, SIGKILL)
      var status: Int32 = 0
      waitpid(program.process, &status, 0)
    }
  }

  public var isEmpty: Bool { running.isEmpty && ended.isEmpty }

  public func begin(_ program: Program, as number: Int64, within bound: Duration) {
    do throws(MemoryFile.Fault) {
      let input = try MemoryFile(program.input)
      let files = try program.files.map { bytes throws(MemoryFile.Fault) in try MemoryFile(bytes) }
      let output = try MemoryFile([])
      let errors = try MemoryFile([])
      switch Programs.spawn(program, [input, output, errors] + files) {
      case .failure(let error): ended.append((number, .notStarted("\(program.name): \(Programs.words(error))")))
      case .success(let process):
        running.append(
          Running(number: number, process: process, deadline: BootClock.now + bound, output: output, errors: errors))
      }
    } catch {
      ended.append((number, .notStarted("\(program.name): \(Programs.words(error.number))")))
    }
  }

  /// Those that have ended since it was asked last. Kills those whose time is up; never waits.
  public func takeEnded() -> [(number: Int64, end: ProgramEnd)] {
    let now = BootClock.now
    running = running.compactMap { program in
      var program = program
      var status: Int32 = 0
      let found = waitpid(program.process, &status, WNOHANG)
      if found == program.process {
        ended.append((program.number, Programs.end(program, status)))
        return nil
      }
      // Somebody else has taken note of its end (SIGCHLD ignored): what it did nobody knows.
      if found < 0, errno != EINTR {
        ended.append((program.number, .timedOut(output: program.output.bytes(atMost: Program.mostOutput))))
        return nil
      }
      if now >= program.deadline, !program.isKilled {
        program.isKilled = true
        kill(program.process, SIGKILL)
      }
      return program
    }
    defer { ended = [] }
    return ended
  }

  private static func end(_ program: Running, _ status: Int32) -> ProgramEnd {
    // wait(2): the low seven bits are the signal, the byte above them what it exited with.
    let signal = status & 0x7F
    let output = program.output.bytes(atMost: Program.mostOutput)
    guard signal == 0 else {
      return program.isKilled ? .timedOut(output: output) : .died(signal: signal, output: output)
    }
    return .exited(
      status: status >> 8 & 0xFF, output: output,
      errors: program.errors.bytes(atMost: 64 << 10))
  }

  private enum Spawned {
    case success(pid_t)
    /// An errno.
    case failure(Int32)
  }

  /// Descriptors become the program's 0, 1, 2 and so on, and it has no other.
  private static func spawn(_ program: Program, _ files: [MemoryFile]) -> Spawned {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // First away from where they are to stand, so that none is overwritten before it was copied.
    let aside = (files.map(\.descriptor).max() ?? 0) + 1
    for (place, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file.descriptor, aside + Int32(place))
    }
    for place in files.indices { posix_spawn_file_actions_adddup2(&actions, aside + Int32(place), Int32(place)) }
    millrace_close_from(&actions, Int32(files.count))

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    // A group of its own: who ends us at a terminal ends no call that is under way.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"]
    return withCStrings([program.name] + program.arguments) { arguments in
      withCStrings(environment) { environment in
        var process: pid_t = 0
        let error = posix_spawnp(&process, program.name, &actions, &attributes, arguments, environment)
        return error == 0 ? .success(process) : .failure(error)
      }
    }
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }

  private static func words(_ error: Int32) -> String {
    error == ENOENT ? "no such program is installed" : String(cString: strerror(error))
  }
}
