/// Numbers of a campaign's audience that nobody has gone through yet: so many lanes as there are ranges write to its people at once.
struct CampaignRange: Sendable, Equatable {
  let campaign: Int64
  /// Counted from 0.
  let number: Int32
  /// Everybody of the range up to this number has a row.
  let reached: Int64
  /// The range's last number.
  let until: Int64

  /// How many numbers a range has at least: so many that what a page costs by itself hardly counts.
  static let least: Int64 = 25_000
  /// More lanes than that do not work on one campaign.
  static let most: Int64 = 64

  /// All numbers above `start`, none left out and none twice, cut where numbers are given to people. The last range has no end: whoever
  /// comes while it is gone through is met by it.
  /// - Parameter given: the lowest and the highest number that anybody has; nil where there is nobody.
  static func cut(_ campaign: Int64, after start: Int64, given: ClosedRange<Int64>?) -> [CampaignRange] {
    let first = max(start, (given?.lowerBound ?? 1) - 1)
    let length = max(0, (given?.upperBound ?? 0) - first)
    let count = min(max(1, length / least), most)
    func end(_ number: Int64) -> Int64 { number == count ? .max : first + length / count * number }
    return (0..<count).map { number in
      CampaignRange(
        campaign: campaign, number: Int32(number), reached: number == 0 ? start : end(number), until: end(number + 1))
    }
  }
}
