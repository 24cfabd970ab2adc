import Glibc

/// A repeatable source of randomness (SplitMix64). The seed is printed, and taken from `SEED` where that is set.
struct Seed: RandomNumberGenerator {
  private var state: UInt64

  init(_ state: UInt64) { self.state = state }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// A fresh one for a test; `name` says which test printed it.
  static func fresh(_ name: String) -> Seed {
    let seed = given("SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
    print("\(name): SEED=\(seed)")
    return Seed(seed)
  }

  /// How many rounds a test makes: more where `ROUNDS` says how many times as many.
  static func rounds(_ count: Int) -> Range<Int> { 0..<(count * Int(given("ROUNDS") ?? 1)) }

  private static func given(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}

/// The processor time that something takes on this thread: other work on the machine does not count.
func cost(of work: () -> Void) -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
  let start = now()
  work()
  return now() - start
}
