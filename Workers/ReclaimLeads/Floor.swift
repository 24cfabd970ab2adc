import Postgres
import Values

/// Where a sweep's scan of leads' clocks begins: behind everything that it has swept, whose dead entries lie in the index until a
/// vacuum comes, and not behind any lead that it may still want.
///
/// Exact: it goes up only to the first lead of interest, and comes down again to whatever was set to a time behind it since, of
/// which the table `clock_set_back` tells. A lane's own, and made anew after any failure: then it begins at the very start.
struct Floor {
  /// nil is the very start.
  private(set) var start: Timestamp?
  /// Up to where the leads of the pass under way were claimed.
  private(set) var reached: Timestamp?
  /// Of the transactions below it, what they set back has been taken into account.
  private var seen: Int64 = 0
  private var looked: Timestamp?
  private var tidied: Timestamp?

  /// What was set back lately.
  struct News {
    let at: Timestamp
    /// Transactions below it have all ended.
    let settled: Int64
    let earliest: Timestamp?
  }

  /// Notes of more than a day ago are taken away; a lane that has not looked for half of that begins at the very start.
  static let keeping: Int64 = 86_400

  func news() -> Question<News> {
    let seen = seen
    return Question(
      """
      select statement_timestamp(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, min(earliest)
      from clock_set_back where transaction >= $1::bigint::text::xid8
      """,
      { $0.integer(seen) },
      reading: { News(at: $0[0].timestamp(0), settled: $0[0].integer(1), earliest: $0[0].optionalTimestamp(2)) })
  }

  mutating func hear(_ news: News) {
    if let looked, news.at < looked.adding(seconds: Floor.keeping / 2) {
      if let earliest = news.earliest { start = start.map { min($0, earliest) } }
    } else {
      start = nil
    }
    seen = news.settled
    looked = news.at
    reached = nil
  }

  /// Whether old notes should be taken away now: once an hour.
  mutating func tidies() -> Bool {
    guard let looked, tidied.map({ $0.adding(seconds: 3600) <= looked }) ?? true else { return false }
    tidied = looked
    return true
  }

  /// - Parameters:
  ///   - first: where the first lead of interest stands from `start` on; nil where there is none up to `end`.
  ///   - end: no later than the database's time at asking.
  mutating func rise(to first: Timestamp?, orTo end: Timestamp) {
    let place = min(first ?? end, end)
    start = start.map { max($0, place) } ?? place
  }

  /// - Parameter last: where the last of those stood that were claimed; nil where there were none, which ends the pass.
  mutating func claimed(to last: Timestamp?) { reached = last }

  /// Where the next claim of the pass begins.
  var next: Timestamp? { reached ?? start }
}
