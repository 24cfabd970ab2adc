public import Values

extension LeadClock {
  /// What is known of clocks that begin: in one place they end alike for all leads of a day, so that a lane need not have them
  /// reckoned again for every batch.
  public struct Memory: Sendable {
    private var edition: Int64?
    private var found: [Place: Beginning] = [:]

    /// Products and levels are what others write: their variety must not grow without end.
    private static var most: Int { 20_000 }

    public init() {}

    /// From values, as if they held for ever.
    public init(known: [Place: Protection]) {
      found = known.mapValues {
        Beginning(
          protection: $0, from: Timestamp(microseconds: .min), until: Timestamp(microseconds: .max))
      }
    }

    /// The places of these whose clocks have to be reckoned for that moment.
    /// - Parameter edition: of `clock_terms`, read after whatever keeps the places as they are was locked.
    public mutating func unknown(_ places: some Sequence<Place>, at moment: Timestamp, edition: Int64) -> [Place] {
      if self.edition != edition || found.count > Memory.most {
        found.removeAll(keepingCapacity: true)
        self.edition = edition
      }
      return places.filter { found[$0].map { !$0.holds(at: moment) } ?? true }.sorted()
    }

    public mutating func learn(_ beginnings: [Place: Beginning]) {
      found.merge(beginnings) { _, new in new }
    }

    public subscript(place: Place) -> Protection? { found[place]?.protection }
  }

  /// A clock that begins, and how long the same may be said of others.
  public struct Beginning: Sendable {
    public let protection: Protection
    let from: Timestamp
    /// The end of the place's day, or the first moment that the clock itself names.
    let until: Timestamp

    func holds(at moment: Timestamp) -> Bool { from <= moment && moment < until }
  }
}
