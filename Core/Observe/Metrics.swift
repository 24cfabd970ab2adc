internal import Synchronization

/// The numbers of a process, and their text for Prometheus.
///
/// ```swift
/// let metrics = Metrics()
/// let applied = metrics.counter(.eventsApplied, "lead.registered")  // once
/// applied.add(batch.count)                                         // often
/// metrics.gauge(.outboxRows) { Double(outbox.depth) }              // read when asked for
/// ```
/// Asking twice for the same family and label values gives the same handle. Label values are words from short closed
/// sets; beyond a thousand series in one family, new ones share a series whose label values are all `other`, so that
/// a mistake cannot eat the memory of a process and of its Prometheus.
public final class Metrics: Sendable {
  private enum Series: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case reading(@Sendable () -> Double?)
    case histogram(Histogram)

    var counter: Counter? { if case .counter(let handle) = self { handle } else { nil } }
    var gauge: Gauge? { if case .gauge(let handle) = self { handle } else { nil } }
    var histogram: Histogram? { if case .histogram(let handle) = self { handle } else { nil } }
  }

  static let mostSeries = 1000

  private let families = Mutex<[MetricFamily: [[String]: Series]]>([:])
  private let process: ProcessMetrics?

  /// `process`: whether the process's own numbers (`process_resident_memory_bytes` and others) are told too.
  public init(process: Bool = true) { self.process = process ? ProcessMetrics() : nil }

  public func counter(_ family: CounterFamily, _ labels: String...) -> Counter {
    series(of: family.family, labels, \.counter) { .counter(Counter(isInSeconds: family.family.isInSeconds)) }
  }

  public func gauge(_ family: GaugeFamily, _ labels: String...) -> Gauge {
    series(of: family.family, labels, \.gauge) { .gauge(Gauge()) }
  }

  /// A gauge that is read when Prometheus asks, on the listener's thread; it has to be quick. nil shows no value.
  public func gauge(_ family: GaugeFamily, _ labels: String..., reading read: @escaping @Sendable () -> Double?) {
    let key = prepared(labels, of: family.family)
    families.withLock { $0[family.family, default: [:]][key] = .reading(read) }
  }

  public func histogram(_ family: HistogramFamily, _ labels: String...) -> Histogram {
    series(of: family.family, labels, \.histogram) {
      .histogram(Histogram(bounds: family.bounds, isInSeconds: family.family.isInSeconds))
    }
  }

  /// Ends a gauge's series, say of a partition that another process has now. Old handles stay harmless.
  public func remove(_ family: GaugeFamily, _ labels: String...) {
    let key = prepared(labels, of: family.family)
    families.withLock { $0[family.family]?[key] = nil }
  }

  private func series<Handle: Sendable>(
    of family: MetricFamily, _ labels: [String], _ handle: (Series) -> Handle?, make: () -> Series
  ) -> Handle {
    let key = prepared(labels, of: family)
    return families.withLock { families in
      precondition(
        families[family] != nil || !families.keys.contains { $0.name == family.name },
        "\(family.name) is declared twice, differently")
      let count = families[family, default: [:]].count
      let full = families[family]?[key] == nil && count >= Self.mostSeries
      let place = full ? key.map { _ in "other" } : key
      if let existing = families[family]?[place].flatMap(handle) { return existing }
      let made = make()
      families[family, default: [:]][place] = made
      return handle(made)!
    }
  }

  private func prepared(_ labels: [String], of family: MetricFamily) -> [String] {
    precondition(labels.count == family.labels.count, "\(family.name) has the labels \(family.labels)")
    // A label is for ever in somebody's Prometheus: a person's number that strayed into one must not arrive there.
    return labels.map { Masker.mask(String($0.prefix(128))) }
  }

  /// Prometheus' text format, version 0.0.4, families and series sorted.
  public func exposition() -> String {
    let snapshot = families.withLock { $0 }
    var text = ""
    for (family, series) in snapshot.sorted(by: { $0.key.name < $1.key.name }) {
      text += "# HELP \(family.name) \(escaped(family.help, quote: false))\n"
      text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
      for (values, one) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        let labels = zip(family.labels, values).map { "\($0)=\"\(escaped($1, quote: true))\"" }
        switch one {
        case .counter(let counter):
          text.appendSample(family.name, labels, shown(counter.value, of: family))
        case .gauge(let gauge): text.appendSample(family.name, labels, shown(gauge.value))
        case .reading(let read):
          if let value = read() { text.appendSample(family.name, labels, shown(value)) }
        case .histogram(let histogram):
          let reading = histogram.reading
          for (bound, count) in reading.cumulative {
            text.appendSample("\(family.name)_bucket", labels + ["le=\"\(shown(bound, of: family))\""], "\(count)")
          }
          text.appendSample("\(family.name)_bucket", labels + ["le=\"+Inf\""], "\(reading.count)")
          text.appendSample("\(family.name)_sum", labels, shown(reading.sum, of: family))
          text.appendSample("\(family.name)_count", labels, "\(reading.count)")
        }
      }
    }
    return text + (process?.exposition() ?? "")
  }
}

/// A whole number, or nanoseconds as seconds with all their digits.
private func shown(_ units: UInt64, of family: MetricFamily) -> String {
  guard family.isInSeconds else { return "\(units)" }
  let (seconds, rest) = units.quotientAndRemainder(dividingBy: 1_000_000_000)
  guard rest > 0 else { return "\(seconds)" }
  var digits = padded(Int64(rest), 9)
  while digits.last == "0" { digits.removeLast() }
  return "\(seconds).\(digits)"
}

func shown(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
  return Int64(exactly: value).map(String.init) ?? "\(value)"
}

private func escaped(_ text: String, quote: Bool) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": escaped += "\\\\"
    case "\n": escaped += "\\n"
    case "\"" where quote: escaped += "\\\""
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

extension String {
  fileprivate mutating func appendSample(_ name: String, _ labels: [String], _ value: String) {
    self += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
  }
}
