import Glibc

/// Chance that can be had again: the same numbers for the same seed and stream on every machine (SplitMix64: Steele, Lea and
/// Flood, *Fast splittable pseudorandom number generators*, 2014).
///
/// A test that fails by chance stops who changed something else. So tests of properties draw from this, which says the same
/// every time; `ops/test --long` looks further, by a new `MILLRACE_SEED` that it prints and that repeats it.
public struct Seeded: RandomNumberGenerator {
  /// What `MILLRACE_SEED` says; 0 where it is not set, or is no number.
  public static let seed = getenv("MILLRACE_SEED").flatMap { UInt64(String(cString: $0)) } ?? 0

  private var state: UInt64

  /// - Parameter stream: which of the seed's streams, for a test that wants several.
  public init(_ stream: some BinaryInteger) {
    state = Self.mixed(Self.seed) &+ UInt64(truncatingIfNeeded: stream)
  }

  public init() { self.init(0) }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  private static func mixed(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
