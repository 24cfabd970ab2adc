public import Observe

/// Splits the time of something into its steps: what one metric adds up, its steps tell apart.
public struct StepClock {
  private var last = Monotonic.now

  public init() {}

  /// A step ended; the next begins.
  public mutating func ended(_ step: Histogram) {
    let now = Monotonic.now
    step.observe(now - last)
    last = now
  }

  /// Fine enough to see one round trip, up to what a person would wait.
  public static let bounds: [Duration] = [
    0.1, 0.2, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 5_000,
  ].map { .microseconds($0 * 1_000) }
}
