internal import Postgres

/// Drops what was kept long enough: ids of events from outside, and dead letters that were settled.
///
/// `seen_event` is walked from page to page, a little at a time and around again, with a rest between rounds. It needs
/// no index for that, and costs the same however large the table is and wherever the old rows lie.
struct Pruning {
  private let options: RelayOptions
  private var page: Int64 = 0
  private var nextStep: Duration = .zero
  private var nextLetters: Duration = .zero

  private static let pagesInStep: Int64 = 256
  private static let lettersInStep: Int64 = 200
  private static let roundsApart: Duration = .seconds(600)
  private static let stepsApart: Duration = .milliseconds(500)

  init(_ options: RelayOptions) { self.options = options }

  private static let seen: Statement = """
    with gone as (
      delete from seen_event
      where ctid >= format('(%s,0)', $2)::tid and ctid < format('(%s,0)', $3)::tid
        and seen_at < statement_timestamp() - $1 * interval '1 millisecond'
      returning 1)
    select count(*), pg_relation_size('seen_event') / current_setting('block_size')::bigint from gone
    """

  private static let letters: Statement = """
    delete from dead_letter where id = any(array(
      select id from dead_letter
      where state <> 'open' and settled_at < statement_timestamp() - $1 * interval '1 millisecond'
      limit $2))
    """

  /// Does what is due, a few milliseconds' worth.
  mutating func step(_ now: Duration, _ leadership: Leadership, _ metrics: RelayMetrics) throws(RelayFailure) {
    if now >= nextStep { try pruneSeen(now, leadership, metrics) }
    if now >= nextLetters { try pruneLetters(now, leadership, metrics) }
  }

  private mutating func pruneSeen(
    _ now: Duration, _ leadership: Leadership, _ metrics: RelayMetrics
  ) throws(RelayFailure) {
    let row = try RelayFailure.postgres { () throws(PostgresError) in
      try leadership.connection.rows(Pruning.seen) {
        $0.integer(options.keepSeenEvents.milliseconds)
        $0.text(String(page))
        $0.text(String(page + Pruning.pagesInStep))
      }
    }[0]
    metrics.seenPruned.add(row.small(0))
    page += Pruning.pagesInStep
    nextStep = now + Pruning.stepsApart
    if page >= row.integer(1) {
      page = 0
      nextStep = now + Pruning.roundsApart
    }
  }

  private mutating func pruneLetters(
    _ now: Duration, _ leadership: Leadership, _ metrics: RelayMetrics
  ) throws(RelayFailure) {
    let count = try RelayFailure.postgres { () throws(PostgresError) in
      try leadership.connection.rows(Pruning.letters) {
        $0.integer(options.keepSettledDeadLetters.milliseconds)
        $0.integer(Pruning.lettersInStep)
      }.affected
    }
    metrics.lettersPruned.add(count)
    nextLetters = now + (count == Pruning.lettersInStep ? Pruning.stepsApart : Pruning.roundsApart)
  }
}
