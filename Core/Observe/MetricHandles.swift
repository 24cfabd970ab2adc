internal import Synchronization

/// A counter's handle: get it once, keep it, add on the hot path (one atomic addition).
public final class Counter: Sendable {
  private let sum = Atomic<UInt64>(0)
  private let isInSeconds: Bool

  init(isInSeconds: Bool) { self.isInSeconds = isInSeconds }

  public func add(_ count: Int = 1) {
    precondition(count >= 0 && !isInSeconds, "a counter grows, in its own unit")
    sum.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  public func add(_ duration: Duration) {
    precondition(isInSeconds, "this counter counts no seconds")
    sum.wrappingAdd(nanoseconds(duration), ordering: .relaxed)
  }

  /// Counted so far; nanoseconds where the unit is seconds.
  public var value: UInt64 { sum.load(ordering: .relaxed) }
}

/// A gauge's handle.
public final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(0)  // of a Double; all zero is 0.0

  public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  public func set(_ value: some BinaryInteger) { set(Double(value)) }
  public func set(_ duration: Duration) { set(duration / .seconds(1)) }

  /// Adds, also a negative number.
  public func add(_ difference: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + difference).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }

  public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// A histogram's handle: an observation is two atomic additions.
public final class Histogram: Sendable {
  private let bounds: [UInt64]
  private let isInSeconds: Bool
  private let buckets: [Counter]  // one for each bound, one for what lies above
  private let sum: Counter

  init(bounds: [UInt64], isInSeconds: Bool) {
    self.bounds = bounds
    self.isInSeconds = isInSeconds
    buckets = (0...bounds.count).map { _ in Counter(isInSeconds: false) }
    sum = Counter(isInSeconds: false)
  }

  public func observe(_ duration: Duration) {
    precondition(isInSeconds, "this histogram holds no seconds")
    observe(units: nanoseconds(duration))
  }

  public func observe(_ number: Int) {
    precondition(number >= 0 && !isInSeconds, "a histogram holds its own unit, from zero")
    observe(units: UInt64(number))
  }

  private func observe(units: UInt64) {
    // Twenty bounds at most, and most values are small: a linear search beats a binary one.
    buckets[bounds.firstIndex { units <= $0 } ?? bounds.count].add()
    sum.add(Int(clamping: units))
  }

  struct Reading {
    /// Bound and number of values up to it.
    let cumulative: [(bound: UInt64, count: UInt64)]
    let count: UInt64
    let sum: UInt64
  }

  /// Read while others write: the count is the sum of the buckets as read, so it never contradicts them.
  var reading: Reading {
    var total: UInt64 = 0
    let cumulative = zip(bounds, buckets).map { bound, bucket in
      total += bucket.value
      return (bound, total)
    }
    return Reading(cumulative: cumulative, count: total + buckets[bounds.count].value, sum: sum.value)
  }

  /// How many values were observed.
  public var count: UInt64 { reading.count }
}
