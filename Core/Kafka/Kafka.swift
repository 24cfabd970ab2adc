/// The room that knows librdkafka. Nothing else in the product imports `CKafka`.
///
/// What holds here:
/// - A `Consumer` or `Producer` belongs to one thread at a time. Its callbacks (rebalance, error, delivery) run on that
///   thread, inside `poll`, `flush` or a transaction call. Only the log closure runs on librdkafka's own threads.
/// - There are no threads of ours, save one for each `close`, because librdkafka can hang there.
/// - Nothing starts from the group's committed offset: partitions are assigned with explicit offsets only.
/// - A rebalance is recorded by the callback and answered by the owner, at a moment of its choosing.
/// - No error text carries a key or a value of a record.
///
/// Compiled against librdkafka 2.0.2; newer properties are set only where the library that is loaded knows them.
internal import CKafka

public enum KafkaLibrary {
  /// The version of the library that is loaded, such as `2.0.2`; not of the headers.
  public static var version: String { String(cString: rd_kafka_version_str()) }

  /// The same as `0xMMmmrrpp`: major, minor, revision, `ff` for a release.
  public static var versionNumber: UInt32 { UInt32(bitPattern: rd_kafka_version()) }

  /// What every client begins with. Counting for metrics that brokers may ask clients for (KIP-714, on by itself since
  /// 2.5.0) takes 0.4 MB a client and its share of every request; `/metrics` tells the same.
  static var defaults: [(name: String, value: String)] {
    isAtLeast(2, 5) ? [("enable.metrics.push", "false")] : []
  }

  static func isAtLeast(_ major: UInt32, _ minor: UInt32) -> Bool { versionNumber >> 16 >= major << 8 | minor }
}

/// Receives librdkafka's log lines: syslog level (0 emergency … 7 debug), facility (such as `FAIL`), text.
/// Called on librdkafka's threads and on the owner's; it must be quick and must not call this room.
public typealias KafkaLog = @Sendable (_ level: Int32, _ facility: String, _ message: String) -> Void

extension Duration {
  /// Whole milliseconds, rounded up, never negative, at most what a C int holds.
  var cMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    if seconds < 0 { return 0 }
    if seconds >= 2_000_000 { return 2_000_000_000 }
    return Int32(seconds * 1000 + (max(0, attoseconds) + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
