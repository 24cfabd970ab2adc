internal import Contract
public import Postgres
internal import Values

/// The firm's rules on when and how often people are written to, as they hold for one channel.
public struct ContactRules: Sendable, Equatable {
  /// Of a purpose, by this channel or by all together.
  public struct Bound: Sendable, Equatable {
    public let purpose: Purpose
    public let isOfAllChannels: Bool
    public let most: Int
    public let period: Duration

    public init(_ purpose: Purpose, isOfAllChannels: Bool, most: Int, period: Duration) {
      self.purpose = purpose
      self.isOfAllChannels = isOfAllChannels
      self.most = most
      self.period = period
    }
  }

  public struct Hours: Sendable, Equatable {
    public let calendar: Int64
    /// What waited for its opening goes within so much of it.
    public let spread: Duration

    public init(calendar: Int64, spread: Duration) {
      self.calendar = calendar
      self.spread = spread
    }
  }

  public var hours: [Purpose: Hours] = [:]
  public var bounds: [Bound] = []
  /// Purposes for which nobody's word is needed as long as nobody has said no.
  public var needNoConsent: Set<Purpose> = [.transactional, .service]

  /// Purposes that campaigns with bounds of their own are of.
  public var capped: Set<Purpose> = []

  public init() {}

  /// Whether contacts of this purpose are written down.
  func counts(_ purpose: Purpose) -> Bool { capped.contains(purpose) || bounds.contains { $0.purpose == purpose } }

  public static func ask(_ channel: Channel) -> Question<ContactRules> {
    Question(
      """
      select channel = 'all', purpose, calendar_id, extract(epoch from spread)::bigint, most,
        extract(epoch from period)::bigint, without_consent
      from contact_policy where channel in ($1, 'all')
      union all select null, p, null, null, null, null, false from capped_purposes() p
      """
    ) {
      $0.text(channel.rawValue)
    } reading: {
      var rules = ContactRules()
      for row in $0 {
        guard let purpose = Purpose(rawValue: row.text(1)) else { continue }
        guard let isOfAllChannels = row.optionalBoolean(0) else {
          rules.capped.insert(purpose)
          continue
        }
        if let calendar = row.optionalInteger(2) {
          rules.hours[purpose] = Hours(calendar: calendar, spread: .seconds(row.integer(3)))
        }
        if let most = row.optionalInteger(4), let period = row.optionalInteger(5) {
          rules.bounds.append(
            Bound(purpose, isOfAllChannels: isOfAllChannels, most: Int(most), period: .seconds(period)))
        }
        if row.boolean(6) { rules.needNoConsent.insert(purpose) }
      }
      return rules
    }
  }

  /// Until when a bound keeps somebody from being written to, given the moments of contacts that count for it; nil where it does
  /// not, `.some(nil)` where it does for ever.
  static func wait(_ bound: Bound, _ moments: [Timestamp], _ now: Timestamp) -> Timestamp?? {
    guard bound.most > 0 else { return .some(nil) }
    let since = now.adding(.zero - bound.period)
    let counted = moments.filter { $0 > since }.sorted()
    guard counted.count >= bound.most else { return nil }
    return .some(counted[counted.count - bound.most].adding(bound.period))
  }
}

extension Timestamp {
  func adding(_ duration: Duration) -> Timestamp {
    Timestamp(
      microseconds: microseconds + duration.components.seconds * 1_000_000
        + duration.components.attoseconds / 1_000_000_000_000)
  }
}
