/// Whether a gateway is called, and by how many at once, as its answers tell. Times are of the clock since boot.
///
///     closed --- failures in a row ---> open --- its time is over ---> probing, one call at a time
///        ^                                ^                                |            |
///        +--------- an answer ------------|--------------------------------+            |
///                                         +--------------- failure ---------------------+
///
/// After it was open, calls grow with each answer from one on: a gateway that has just come back is not flooded.
struct Breaker {
  /// Failures in a row that open it.
  static let most = 5

  private let largest: Int
  private(set) var allowance: Int
  private var failures = 0
  private var openings = 0
  private var openUntil: Duration?

  init(_ largest: Int) {
    self.largest = largest
    allowance = largest
  }

  /// An answer that shows the gateway at work, whatever it says of the message.
  mutating func answered() {
    failures = 0
    openings = 0
    openUntil = nil
    allowance = min(largest, max(allowance + 1, allowance * 2))
  }

  /// It takes less than it was given.
  mutating func busy(_ now: Duration, retryAfter: Duration?) {
    allowance = min(largest, max(1, allowance / 2))
    if let retryAfter { openUntil = max(openUntil ?? now, now + retryAfter) }
  }

  /// No call came through, or the gateway takes nobody's. What was begun before it opened and fails after is no news.
  /// - Parameter chance: 0..<1.
  mutating func failed(_ now: Duration, chance: Double) {
    failures += 1
    guard failures >= Breaker.most || openings > 0, !isOpen(now) else { return }
    let longest = Duration.seconds(1) * Double(1 << min(openings, 6))
    openUntil = now + longest * (0.5 + chance / 2)
    openings += 1
    failures = 0
    allowance = min(largest, 1)
  }

  func isOpen(_ now: Duration) -> Bool { openUntil.map { now < $0 } ?? false }
}
