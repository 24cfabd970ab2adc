internal import Glibc
internal import Synchronization

/// Writes log lines. A value to hand on: copies share one writer.
///
/// ```swift
/// let log = Log(worker: "allocate-leads", level: settings[.logLevel], format: settings[.logFormat])
/// log.lane(2).warning("the database is away", ["sqlstate": .text(code), "attempt": .integer(attempt)])
/// ```
/// The message is a constant sentence; what varies goes into fields, so that repeats are recognised. Any thread may
/// write; a line is one write(2). A process has to ignore SIGPIPE, as every server does.
public struct Log: Sendable {
  private let writer: LogWriter
  private let worker: String
  private let lane: Int?

  /// Lines go to standard error.
  public init(worker: String, level: LogLevel = .info, format: LogFormat = .automatic) {
    self.init(worker: worker, level: level, format: format, descriptor: STDERR_FILENO)
  }

  init(worker: String, level: LogLevel, format: LogFormat, descriptor: Int32) {
    let isText = format == .text || (format == .automatic && isatty(descriptor) == 1)
    self.init(worker: worker, level: level, format: isText ? .text : .json) { writeLine($0, to: descriptor) }
  }

  /// Lines, without their line breaks, go to `write`: for tests. Calls never overlap.
  public init(
    worker: String, level: LogLevel = .debug, format: LogFormat = .json,
    now: @escaping @Sendable () -> Moment = Moment.now, write: @escaping @Sendable (String) -> Void
  ) {
    self.init(
      writer: LogWriter(level: level, isText: format == .text, now: now, write: write), worker: worker, lane: nil)
  }

  /// A log that writes nothing.
  public static var silent: Log { Log(worker: "", level: .error) { _ in } }

  private init(writer: LogWriter, worker: String, lane: Int?) {
    self.writer = writer
    self.worker = worker
    self.lane = lane
  }

  /// The same log, with a lane's number in every line.
  public func lane(_ number: Int) -> Log { Log(writer: writer, worker: worker, lane: number) }

  public func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
    write(.debug, message, fields)
  }
  public func info(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
    write(.info, { message }, fields)
  }
  public func warning(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
    write(.warning, { message }, fields)
  }
  public func error(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
    write(.error, { message }, fields)
  }

  /// Writes the numbers of lines held back so far; for the end of the process.
  public func flush() { writer.flush() }

  private func write(_ level: LogLevel, _ message: () -> String, _ fields: KeyValuePairs<String, LogValue>) {
    guard level >= writer.level else { return }
    writer.write(
      LogRecord(
        level: level, worker: worker, lane: lane, message: readable(message()),
        fields: fields.map { LogRecord.Field(name: $0.key, value: $0.value) }))
  }
}

/// The one writer that a log's copies share.
private final class LogWriter: Sendable {
  let level: LogLevel
  private let isText: Bool
  private let now: @Sendable () -> Moment
  private let write: @Sendable (String) -> Void
  private let limiter = Mutex(RepeatLimiter())

  init(
    level: LogLevel, isText: Bool, now: @escaping @Sendable () -> Moment, write: @escaping @Sendable (String) -> Void
  ) {
    self.level = level
    self.isText = isText
    self.now = now
    self.write = write
  }

  func write(_ record: LogRecord) {
    let moment = now()
    // Written under the lock: lines stand in the order of their times, and a long one is never torn.
    limiter.withLock { limiter in
      for line in limiter.admit(record, at: moment.sinceBoot) { write(line, at: moment) }
    }
  }

  func flush() {
    let moment = now()
    limiter.withLock { limiter in
      for line in limiter.flush() { write(line, at: moment) }
    }
  }

  private func write(_ record: LogRecord, at moment: Moment) {
    write(isText ? record.text(at: moment.unixMilliseconds) : record.json(at: moment.unixMilliseconds))
  }
}

/// One write(2) unless the system takes less. What cannot be written is lost: there is nowhere to say so.
private func writeLine(_ line: String, to descriptor: Int32) {
  var line = line + "\n"
  line.withUTF8 { bytes in
    var written = 0
    while written < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if count >= 0 {
        written += count
      } else if errno == EAGAIN {
        // Somebody made the shared file non-blocking.
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wait, 1, -1)
      } else if errno != EINTR {
        return
      }
    }
  }
}
