/// Holds back lines that say the same again, and counts them.
///
/// The first is written at once, then one in ten seconds with the number held back since. Lines with the same message
/// and other fields may be twenty in ten seconds: each may matter, a storm of them does not.
struct RepeatLimiter {
  static let period = Duration.seconds(10)
  static let mostOfOneMessage = 20
  private static let mostRemembered = 512

  private struct Entry {
    let since: Duration
    var written = 0
    var held = 0
    /// The last one held back, with which its number is told if no other comes.
    var last: LogRecord?

    mutating func hold(_ record: LogRecord) {
      held += 1
      last = record
    }
  }

  private var lines: [LogRecord: Entry] = [:]
  private var messages: [LogRecord: Entry] = [:]
  private var nextSweep = Duration.zero

  /// The lines to write for this record at this time: numbers that are due, then the record unless it is held back.
  mutating func admit(_ record: LogRecord, at now: Duration) -> [LogRecord] {
    var repeated = 0
    let line = Self.renew(&lines, record, at: now, &repeated)
    let message = Self.renew(&messages, record.withoutFields, at: now, &repeated)
    let isFull = lines.count + messages.count > Self.mostRemembered
    let due = now >= nextSweep || isFull ? sweep(at: now, all: isFull) : []
    // The message first, so that a storm of ever new fields leaves nothing to remember.
    if message.written >= Self.mostOfOneMessage {
      messages[record.withoutFields, default: Entry(since: now)].hold(record)
      return due
    }
    if line.written > 0 {
      lines[record, default: Entry(since: now)].hold(record)
      return due
    }
    lines[record, default: Entry(since: now)].written += 1
    messages[record.withoutFields, default: Entry(since: now)].written += 1
    return due + [record.repeated(repeated)]
  }

  /// Lines for everything held back and not yet told; for the end of the process.
  mutating func flush() -> [LogRecord] { sweep(at: nextSweep, all: true) }

  /// What is remembered of it; forgotten once its time has passed, and what was held back then goes to `repeated`.
  private static func renew(
    _ entries: inout [LogRecord: Entry], _ key: LogRecord, at now: Duration, _ repeated: inout Int
  ) -> Entry {
    guard let entry = entries[key] else { return Entry(since: now) }
    guard now - entry.since >= Self.period else { return entry }
    repeated += entry.held
    entries[key] = nil
    return Entry(since: now)
  }

  private mutating func sweep(at now: Duration, all: Bool) -> [LogRecord] {
    nextSweep = now + Self.period
    return Self.sweep(&lines, at: now, all: all) + Self.sweep(&messages, at: now, all: all)
  }

  private static func sweep(_ entries: inout [LogRecord: Entry], at now: Duration, all: Bool) -> [LogRecord] {
    let due = entries.filter { all || now - $0.value.since >= period }
    for key in due.keys { entries[key] = nil }
    return due.values.compactMap { entry in entry.last?.repeated(entry.held) }.sorted { $0.message < $1.message }
  }
}
