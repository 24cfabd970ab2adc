/// A metric's name without the prefix, its help and its labels' names. Declared once, beside the code that counts:
///
/// ```swift
/// extension CounterFamily {
///   static let eventsApplied = CounterFamily("events_applied_total", "Events applied.", labels: "topic")
/// }
/// ```
/// The unit is the name's: `…_seconds` and `…_seconds_total` take durations, `…_bytes` and all others plain numbers.
struct MetricFamily: Sendable, Hashable {
  let name: String
  let help: String
  let labels: [String]
  let kind: Kind

  enum Kind: String, Sendable { case counter, gauge, histogram }

  init(_ name: String, _ help: String, _ labels: [String], _ kind: Kind) {
    precondition(
      (name + labels.joined()).utf8.allSatisfy(isNameByte), "\(name): names are lower case, with underscores")
    precondition(name.hasSuffix("_total") == (kind == .counter), "\(name): counters, and only they, end in _total")
    precondition(!labels.contains("le"), "\(name): le belongs to histograms")
    self.name = "millrace_\(name)"
    self.help = help
    self.labels = labels
    self.kind = kind
  }

  /// Values of a family in seconds are kept in whole nanoseconds, so that sums stay exact.
  var isInSeconds: Bool { name.hasSuffix("_seconds") || name.hasSuffix("_seconds_total") }
}

private func isNameByte(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    || byte == UInt8(ascii: "_")
}

/// Something that only grows: `…_total`.
public struct CounterFamily: Sendable {
  let family: MetricFamily
  public init(_ name: String, _ help: String, labels: String...) {
    family = MetricFamily(name, help, labels, .counter)
  }
}

/// Something that goes up and down.
public struct GaugeFamily: Sendable {
  let family: MetricFamily
  public init(_ name: String, _ help: String, labels: String...) {
    family = MetricFamily(name, help, labels, .gauge)
  }
}

/// How values are spread: counts below fixed bounds, and a sum.
public struct HistogramFamily: Sendable {
  let family: MetricFamily
  let bounds: [UInt64]

  /// For names that end in `_seconds`. By default 1 ms to 30 s.
  public init(
    _ name: String, _ help: String, labels: String...,
    upTo bounds: [Duration] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000]
      .map { .milliseconds($0) }
  ) {
    self.init(MetricFamily(name, help, labels, .histogram), bounds.map(nanoseconds))
    precondition(family.isInSeconds, "\(name): durations need a name that ends in _seconds")
  }

  /// For sizes and counts.
  public init(_ name: String, _ help: String, labels: String..., upTo bounds: [Int]) {
    self.init(MetricFamily(name, help, labels, .histogram), bounds.map { UInt64($0) })
    precondition(!family.isInSeconds, "\(name): a name that ends in _seconds needs durations")
  }

  private init(_ family: MetricFamily, _ bounds: [UInt64]) {
    precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy(<), "\(family.name): bounds must rise")
    self.family = family
    self.bounds = bounds
  }
}

/// Whole nanoseconds; a negative duration (a clock that was set back) is none.
func nanoseconds(_ duration: Duration) -> UInt64 {
  let (seconds, attoseconds) = duration.components
  return seconds < 0 ? 0 : UInt64(seconds) &* 1_000_000_000 &+ UInt64(max(attoseconds, 0) / 1_000_000_000)
}
