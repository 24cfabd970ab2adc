/// Grows from try to try, with jitter so that lanes which failed together do not come back together.
public struct Backoff {
  private let shortest: Int
  private let longest: Int
  private var failures = 0

  public init(milliseconds bounds: ClosedRange<Int> = 100...10_000) {
    shortest = bounds.lowerBound
    longest = bounds.upperBound
  }

  public mutating func succeeded() { failures = 0 }

  /// How long to wait after one more failure.
  public mutating func failed() -> Duration {
    let ceiling = min(longest, shortest << min(failures, 20))
    failures += 1
    return .milliseconds(Int.random(in: ceiling / 2...ceiling))
  }
}
