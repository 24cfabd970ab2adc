internal import Calls
internal import Postgres
internal import Values

/// What `calls verify` finds out about agents in two calls at once: what is kept, against what the calls come to.
enum CallOverlaps {
  /// Calls that track-calls has still to compare.
  static func waiting(_ session: Connection) throws -> Int64 {
    try session.rows("select coalesce(sum(cardinality(calls)), 0)::bigint from call_talk_due")[0].integer(0)
  }

  /// As `pageOfCalls` has it: who talked from when to when, in microseconds.
  static func line(_ story: CallStory) -> String {
    story.talkTimes.sorted { ($0.from, $0.agent) < ($1.from, $1.agent) }
      .map { "\($0.agent) \($0.from.microseconds) \($0.until.microseconds)" }.joined(separator: ", ")
  }

  /// Kept and not so, or so and not kept, by the rule of the sweep `mark-overlaps`.
  static let differences: Statement = """
    with kept as (select call_id, use, other_id, other_use, agent, since from call_overlap),
    wanted as (
      select a.call_id, a.use, b.call_id as other_id, b.use as other_use, a.agent, greatest(a.since, b.since) as since
      from call_talk a
      join call_talk b on b.agent = a.agent and b.since < a.until and b.since > a.since - interval '12 hours'
        and b.until > a.since and (b.call_id, b.use) <> (a.call_id, a.use)
        and least(a.until, b.until) - greatest(a.since, b.since) > interval '1 second'
      join call_seen x on x.id = a.call_id and x.use = a.use
      join call_seen y on y.id = b.call_id and y.use = b.use
      where x.linked is distinct from y.id and y.linked is distinct from x.id
        and (x.linked is null or x.linked is distinct from y.linked)),
    difference as (
      (select *, true as is_kept from (table kept except table wanted) k) union all
      (select *, false from (table wanted except table kept) w))
    select concat_ws(' ', agent, call_id, other_id), case when is_kept then 'kept' else 'nothing' end,
      case when is_kept then 'nothing' else 'wanted' end
    from difference where (call_id, use) < (other_id, other_use) order by 1
    """
}
