/// Chance that is the same every time (xorshift64*).
struct Seed: RandomNumberGenerator {
  private var state: UInt64

  init(_ number: UInt64) { state = number &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
