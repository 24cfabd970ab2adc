import Contract
import Digest
import Reminders
import Runtime
import Topics
import Values

/// What one decision writes beside the leads themselves, which the book holds.
struct LifeChange {
  var step: LifeStep?
  var settled: (command: Fingerprint, outcome: String)?
  var marker: DayMarker?
  /// Does what whoever has the lead was to do about it.
  var contact: LeadContact?
  var reminders: [Reminder] = []
  var gone: [Reminder.Gone] = []
}

/// A row of a lead's history.
final class LifeStep: Sendable {
  let lead: Int64
  let version: Int32
  let at: Timestamp
  let what: String
  let branch: Int64?
  let owner: Int64?
  let formerOwner: Int64?
  let reason: String?
  let by: Int64?
  let source: String?
  let event: String?

  init(
    _ lead: Lead, _ what: StaticString, at: Timestamp, formerOwner: Int64? = nil, reason: StaticString? = nil,
    by: Int64? = nil, source: String? = nil, event: String? = nil
  ) {
    self.lead = lead.id
    version = lead.version
    self.at = at
    self.what = what.description
    branch = lead.branch
    owner = lead.owner
    self.formerOwner = formerOwner
    self.reason = reason?.description
    self.by = by
    self.source = source
    self.event = event
  }
}

/// That whoever has a lead has been in contact with it.
struct LeadContact {
  let lead: Int64
  let person: Int64
  let at: Timestamp
}

struct DayMarker {
  let branch: Int64
  let until: Timestamp
  let heard: Timestamp
}

extension LifeChange {
  /// Leads, their history, commands, then branches, people and reminders: the order of locks.
  static let writes: [Write<LeadBook, LifeChange>] = [
    .total(
      { book, _ in book.leads.values.filter(\.isChanged).sorted { $0.id < $1.id } },
      """
      update lead l
      set version = a.version, state = a.state, branch_id = a.branch, owner_id = a.owner, held_reason = a.held_reason,
        held_since = a.held_since, held_ruleset = a.held_ruleset, protected_since = a.protected_since,
        protected_until = a.protected_until, check_at = a.check_at, contacted_at = a.contacted_at,
        former_owner_id = a.former_owner, former_since = a.former_since, former_until = a.former_until,
        pooled_at = a.pooled_at, pool_due_at = a.pool_due_at, step_due_at = a.step_due_at,
        step_remind_at = a.step_remind_at, step_reminded_at = null, held_reminded_at = null, held_step_policy = null
      from unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
        $8::timestamptz[], $9::int[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
        $14::bigint[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[],
        $19::timestamptz[], $20::timestamptz[]) a (id, version_before, version, state, branch, owner, held_reason, held_since, held_ruleset,
        protected_since, protected_until, check_at, contacted_at, former_owner, former_since, former_until, pooled_at,
        pool_due_at, step_due_at, step_remind_at)
      where l.id = a.id and l.version = a.version_before
      """,
      .integer { $0.id }, .small { $0.versionBefore }, .small { $0.version }, .text { $0.state.rawValue },
      .integer { $0.branch }, .integer { $0.owner }, .text { $0.heldReason }, .timestamp { $0.heldSince },
      .small { $0.heldRuleset }, .timestamp { $0.protectedSince }, .timestamp { $0.protectedUntil },
      .timestamp { $0.checkAt }, .timestamp { $0.contactedAt }, .integer { $0.formerOwner },
      .timestamp { $0.formerSince }, .timestamp { $0.formerUntil }, .timestamp { $0.pooledAt },
      .timestamp { $0.poolDueAt }, .timestamp { $0.stepDueAt },
      .timestamp { $0.stepRemindAt }),
    .each(
      \.step,
      """
      insert into lead_history (lead_id, version, at, what, branch_id, owner_id, former_owner_id, reason, by_id, source,
        event_id, worker)
      select id, version, at, what, branch, owner, former_owner, reason, by, source, event, 'reclaim-leads'
      from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::text[], $9::bigint[], $10::text[], $11::text[])
        a (id, version, at, what, branch, owner, former_owner, reason, by, source, event)
      """,
      .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .text { $0.what }, .integer { $0.branch },
      .integer { $0.owner }, .integer { $0.formerOwner }, .text { $0.reason }, .integer { $0.by }, .text { $0.source },
      .text { $0.event }),
    .each(
      \.contact,
      """
      select do_tasks_by_contact(array_fill('lead'::text, array[cardinality($1::bigint[])]), $1::bigint[], $2::bigint[],
        array_fill(null::text, array[cardinality($1::bigint[])]), $3::timestamptz[])
      """,
      touchesEach: false,
      .integer { $0.lead }, .integer { $0.person }, .timestamp { $0.at }),
    .each(
      \.settled,
      """
      update command c set settled_at = clock_timestamp(), outcome = a.outcome
      from unnest($1::uuid[], $2::text[]) a (id, outcome) where c.id = a.id and c.settled_at is null
      """,
      .fingerprint { $0.command }, .text { $0.outcome }),
    .each(
      \.marker,
      """
      insert into day_marker as m (branch_id, complete_until, heard_at)
      select branch, max(until), max(heard) from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[])
        a (branch, until, heard) group by branch order by branch
      on conflict (branch_id) do update
        set complete_until = greatest(m.complete_until, excluded.complete_until), heard_at = excluded.heard_at
      """,
      touchesEach: false,
      .integer { $0.branch }, .timestamp { $0.until }, .timestamp { $0.heard }),
    .total(
      { book, _ in book.branches.values.filter { $0.heldChange != 0 }.sorted { $0.id < $1.id } },
      """
      update branch_load l set held = l.held + a.change from unnest($1::bigint[], $2::int[]) a (branch, change)
      where l.branch_id = a.branch
      """,
      .integer { $0.id }, .small { $0.heldChange }),
    .total(
      { book, _ in
        book.people.values.filter { $0.open != $0.openBefore || $0.claimed != $0.claimedBefore }.sorted {
          $0.id < $1.id
        }
      },
      """
      update person_load l
      set open_leads = l.open_leads + a.change, claimed_today = a.claimed,
        claimed_on = (clock_timestamp() at time zone b.time_zone)::date
      from unnest($1::bigint[], $2::int[], $3::int[]) a (person, change, claimed) join person p on p.id = a.person
        join branch b on b.id = p.branch_id
      where l.person_id = a.person
      """,
      .integer { $0.id }, .small { $0.open - $0.openBefore }, .small { $0.claimed }),
    .cancelling(by: "reclaim-leads") { _, changes in Sabotage.keepReminders.isOn ? [] : changes.flatMap(\.gone) },
    .raising(by: "reclaim-leads") { _, changes in changes.flatMap(\.reminders) },
  ]
}
