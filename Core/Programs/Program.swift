/// Other programs, run beside a lane's own work.
///
/// What holds in this room:
/// - Nothing of what is handed over touches a file system: input and output are memory that ends with the processes that have it.
/// - A program gets what is said here and no more: its arguments, a short environment, no descriptor and no blocked signal of ours.
/// - It ends or is killed when its time is up. Nothing here waits for it.
/// - There is no shell.
public struct Program: Sendable, Hashable {
  /// A name that is looked up in `/usr/local/bin:/usr/bin:/bin`, and the arguments after it.
  public let name: String
  public let arguments: [String]
  /// What it reads from its standard input.
  public let input: [UInt8]
  /// More files that it may read, as `Program.file(0)`, `Program.file(1)` among its arguments.
  public let files: [[UInt8]]

  public init(_ name: String, _ arguments: [String], input: [UInt8] = [], files: [[UInt8]] = []) {
    self.name = name
    self.arguments = arguments
    self.input = input
    self.files = files
  }

  /// The path under which a program finds one of its files.
  public static func file(_ number: Int) -> String { "/proc/self/fd/\(3 + number)" }

  /// The longest that is kept of what it writes; one that writes more is told as if it had written nothing.
  public static let mostOutput = 32 << 20
}

/// How a program ended.
public enum ProgramEnd: Sendable, Hashable {
  /// By itself.
  case exited(status: Int32, output: [UInt8], errors: [UInt8])
  /// By a signal that was not ours.
  case died(signal: Int32, output: [UInt8])
  /// Its time was up, or nobody knows any more what became of it.
  case timedOut(output: [UInt8])
  /// It was never run: no such program, or no room for it. A sentence without its end.
  case notStarted(String)
}
