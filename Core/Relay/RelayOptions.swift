internal import Settings

extension Setting<Duration> {
  static var lease: Setting {
    Setting(
      "RELAY_LEASE", .duration(.milliseconds(500)...(.seconds(60))), default: .seconds(3),
      "how long a relay that is not heard of stays the active one")
  }
  static var keepSeenEvents: Setting {
    Setting(
      "KEEP_SEEN_EVENTS", .duration(.seconds(3600)...(.seconds(3650 * 86_400))), default: .seconds(14 * 86_400),
      "how long ids of events from outside are known as seen; has to be longer than topics keep events")
  }
  static var keepSettledDeadLetters: Setting {
    Setting(
      "KEEP_SETTLED_DEAD_LETTERS", .duration(.seconds(3600)...(.seconds(3650 * 86_400))),
      default: .seconds(90 * 86_400),
      "how long dead letters stay in the database once they were replayed or discarded; open ones always stay")
  }
}

extension Setting<Int> {
  static var runEvents: Setting {
    Setting(
      "RUN_EVENTS", .integer(1...1_000_000), default: 20_000,
      "events in one Kafka transaction at most, save that one outbox row is never torn")
  }
  static var runBytes: Setting {
    Setting(
      "RUN_BYTES", .byteSize(1024...1 << 30), default: 16 << 20,
      "bytes in one Kafka transaction at most, with the same exception")
  }
}

/// What a relay is told from outside, and bounds that nobody needs to set.
struct RelayOptions: Sendable {
  var lease: Duration = .seconds(3)
  var runEvents = 20_000
  var runBytes = 16 << 20
  var keepSeenEvents: Duration = .seconds(14 * 86_400)
  var keepSettledDeadLetters: Duration = .seconds(90 * 86_400)

  /// Rows in one run at most; bounds the sorting of a backlog of many small rows.
  var runRows = 2_000
  /// What is read from the database in one piece. With libpq's buffers about three times this is held at once.
  var portionBytes = 1 << 20
  var portionEvents = 5_000
  /// Scheduled events that one statement moves.
  var dueEvents = 200

  static let group = SettingGroup(
    "Work", Setting.lease, Setting.runEvents, Setting.runBytes, Setting.keepSeenEvents, Setting.keepSettledDeadLetters)

  init() {}

  init(_ settings: Settings) {
    lease = settings[.lease]
    runEvents = settings[.runEvents]
    runBytes = settings[.runBytes]
    keepSeenEvents = settings[.keepSeenEvents]
    keepSettledDeadLetters = settings[.keepSettledDeadLetters]
  }
}
