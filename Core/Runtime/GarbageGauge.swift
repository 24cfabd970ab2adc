/// Stops a source that sends mostly garbage, before it fills the dead letters.
///
/// Counts what one source sent to one partition, taken and refused. Old counts fade: beyond `window` events both are
/// halved, so a source that was good for years is judged by what it sends now.
struct GarbageGauge {
  private(set) var taken: Int64
  private(set) var refused: Int64
  private(set) var isChanged = false

  static let fewest: Int64 = 500
  static let window: Int64 = 2_000

  init(taken: Int64 = 0, refused: Int64 = 0) {
    self.taken = taken
    self.refused = refused
  }

  mutating func take(_ count: Int64 = 1) {
    taken += count
    fade()
  }

  /// Answers whether this refused event is one too many: over `share` percent of at least 500 events.
  mutating func refuse(share: Int) -> Bool {
    refused += 1
    isChanged = true
    let total = taken + refused
    let isGarbage = total >= GarbageGauge.fewest && refused * 100 > total * Int64(share)
    fade()
    return isGarbage
  }

  /// The same, as it is in the database.
  func kept() -> GarbageGauge { GarbageGauge(taken: taken, refused: refused) }

  private mutating func fade() {
    while taken + refused > GarbageGauge.window {
      taken /= 2
      refused /= 2
    }
  }
}
