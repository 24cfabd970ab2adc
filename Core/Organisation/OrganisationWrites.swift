public import Contract
internal import Postgres
internal import Values

extension Organisation {
  /// What became of the firm, for whoever decides: `writes` of the source `state`, in the order of their dependence.
  public static func writes<State, Change>(
    _ of: @escaping @Sendable (State) -> Organisation
  ) -> [Write<State, Change>] {
    [
      .total(
        { state, _ in of(state).newFacts },
        """
        insert into organisation_history (subject_kind, code, field, value, more, at, source, event_id)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
          $8::text[])
        on conflict do nothing
        """,
        touchesEach: false,
        .text { $0.subject.kind }, .text { $0.subject.code }, .text { $0.field.rawValue }, .text { $0.value },
        .text { $0.more }, .timestamp { $0.at }, .text { $0.source }, .text { $0.event }),
      .total(
        { state, _ in of(state).branchRowsToWrite },
        """
        insert into branch (code, name, level, time_zone)
        select code, name, level, zone
        from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality a (code, name, level, zone, place)
        order by place
        on conflict (code) do update set name = excluded.name, level = excluded.level, time_zone = excluded.time_zone
        """,
        .text { $0.code }, .text { $0.name }, .text { $0.level }, .text { $0.timeZone }),
      .total(
        { state, _ in of(state).branchRowsToWrite },
        """
        update branch b set parent_id = p.id, merged_into_id = m.id, closed_at = a.closed_at
        from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) a (code, parent, merged, closed_at)
          left join branch p on p.code = a.parent left join branch m on m.code = a.merged
        where b.code = a.code
        """,
        .text { $0.code }, .text { $0.parent }, .text { $0.mergedInto }, .timestamp { $0.closedAt }),
      // Who has left loses their login at once: every right of a person hangs on it.
      .total(
        { state, _ in of(state).personRowsToWrite },
        """
        insert into person (code, name, branch_id, active, manager, leave_from, leave_until)
        select a.code, a.name, b.id, a.active, a.manager, a.leave_from, a.leave_until
        from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::bool[], $6::timestamptz[], $7::timestamptz[])
          with ordinality a (code, name, branch, active, manager, leave_from, leave_until, place)
          join branch b on b.code = a.branch
        order by a.place
        on conflict (code) do update set name = excluded.name, branch_id = excluded.branch_id, active = excluded.active,
          manager = excluded.manager, leave_from = excluded.leave_from, leave_until = excluded.leave_until,
          login = case when excluded.active then person.login end
        """,
        .text { $0.code }, .text { $0.name }, .text { $0.branch }, .boolean { $0.active }, .boolean { $0.manager },
        .timestamp { $0.leaveFrom }, .timestamp { $0.leaveUntil }),
      .total(
        { state, _ in of(state).returned.sorted() },
        """
        update hand_over h set phase = 'cancelled', finished_at = clock_timestamp()
        from unnest($1::text[]) a (code) join person p on p.code = a.code
        where h.person_id = p.id and h.cause = 'left' and h.phase not in ('done', 'cancelled')
        """,
        touchesEach: false, .text { $0 }),
      .total(
        { state, _ in of(state).handOvers },
        """
        insert into hand_over (cause, person_id, from_branch_id, follows, successor)
        select a.cause, p.id, b.id, a.follows, a.successor
        from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[]) with ordinality
          a (cause, person, from_branch, follows, successor, place)
          join person p on p.code = a.person left join branch b on b.code = a.from_branch
        order by a.place
        """,
        .text { $0.cause }, .text { $0.person }, .text { $0.from }, .boolean { $0.follows }, .text { $0.successor }),
      .total(
        { state, _ in of(state).newSuccessors.sorted { $0.key < $1.key } },
        """
        update hand_over h set successor = a.successor
        from unnest($1::text[], $2::text[]) a (code, successor) join person p on p.code = a.code
        where h.person_id = p.id and h.cause = 'left' and h.phase not in ('done', 'cancelled')
        """,
        touchesEach: false, .text { $0.key }, .text { $0.value }),
    ] + pendingWrites(of) + closingWrites(of) + [unasked(of)]
  }

  /// Nobody is asked any more who shall follow those who are back. Reminders come last in the order of locks.
  private static func unasked<State, Change>(
    _ of: @escaping @Sendable (State) -> Organisation
  ) -> Write<State, Change> {
    .total(
      { state, _ in of(state).returned.sorted() },
      """
      select cancel_reminders('keep-organisation', array_agg('hand-over/' || h.id || '/waits'), array_agg(null::text),
        array_agg(null::text), array_agg(null::text), array_agg('returned'::text))
      from unnest($1::text[]) a (code) join person p on p.code = a.code
        join hand_over h on h.person_id = p.id and h.cause = 'left' and h.phase = 'cancelled'
      having count(*) > 0
      """,
      touchesEach: false, .text { $0 })
  }

  private static func pendingWrites<State, Change>(
    _ of: @escaping @Sendable (State) -> Organisation
  ) -> [Write<State, Change>] {
    [
      .total(
        { state, _ in of(state).pending.filter { $0.value == nil }.map(\.key).sorted() },
        """
        delete from organisation_pending p using unnest($1::text[], $2::text[]) a (kind, code)
        where p.subject_kind = a.kind and p.code = a.code
        """,
        touchesEach: false, .text { $0.kind }, .text { $0.code }),
      .total(
        { state, _ in
          of(state).pending.compactMap { key, value in value.map { (key, $0) } }.sorted { $0.0 < $1.0 }
        },
        """
        insert into organisation_pending (subject_kind, code, reason, waits_for)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        on conflict (subject_kind, code) do update set reason = excluded.reason, waits_for = excluded.waits_for
        """,
        .text { $0.0.kind }, .text { $0.0.code }, .text { $0.1.reason.rawValue }, .text { $0.1.waitsFor }),
    ]
  }

  /// People, rules and partners of a branch that another has taken over.
  private static func closingWrites<State, Change>(
    _ of: @escaping @Sendable (State) -> Organisation
  ) -> [Write<State, Change>] {
    [
      .total(
        { state, _ in of(state).unsettled.sorted() },
        """
        insert into organisation_pending (subject_kind, code, reason)
        select 'person', code, 'again' from (
          select p.code from person p join branch b on b.id = p.branch_id where b.code = any($1)
          union
          select code from organisation_history
          where subject_kind = 'person' and field = 'branch' and value = any($1)) again
        on conflict (subject_kind, code) do update set reason = 'again'
        """,
        touchesEach: false, .text { $0 }),
      // A new set: an old one never changes. Only where a rule of the latest names a branch that is closed.
      .total(
        { state, _ in of(state).unsettled.sorted() },
        """
        with latest as (
          select r.* from allocation_rule r where r.ruleset = (select max(version) from ruleset)),
        made as (
          insert into ruleset (loaded_by) select 'keep-organisation'
          where exists (
            select from latest join branch b on b.id = latest.branch_id
            where b.merged_into_id is not null and b.code = any($1))
          returning version)
        insert into allocation_rule (ruleset, position, region, source, product, language, value_from, value_below,
          currency, valid_from, valid_until, how, branch_id)
        select made.version, position, region, source, product, language, value_from, value_below, currency, valid_from,
          valid_until, how, coalesce(open_branch(branch_id), branch_id)
        from made, latest
        """,
        touchesEach: false, .text { $0 }),
      .total(
        { state, _ in of(state).unsettled.sorted() },
        """
        update lead_source s set branch_id = open_branch(s.branch_id)
        from branch b where b.id = s.branch_id and b.merged_into_id is not null and b.code = any($1)
        """,
        touchesEach: false, .text { $0 }),
    ]
  }

  /// Writes in the caller's transaction, as the runtime does for a worker.
  func write(_ transaction: Transaction) throws(PostgresError) {
    let writes: [Write<Organisation, Never>] = Organisation.writes { $0 }
    for write in writes {
      var arguments = Arguments()
      let rows = write.bind(self, [], &arguments)
      guard rows > 0 else { continue }
      let touched = try transaction.rows(write.statement) { _ = write.bind(self, [], &$0) }.affected
      guard !write.touchesEach || touched == rows else { throw .changedMeanwhile }
    }
  }
}

extension Fact.Subject: Comparable {
  var kind: String {
    switch self {
    case .person: "person"
    case .branch: "branch"
    }
  }

  var code: String {
    switch self {
    case .person(let code), .branch(let code): code
    }
  }

  public static func < (a: Fact.Subject, b: Fact.Subject) -> Bool { (a.kind, a.code) < (b.kind, b.code) }
}
