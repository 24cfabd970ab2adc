import Contract
import Postgres
import Reminders
import Values

/// Tells somebody to call back who was missed, and takes that back once they were talked to: whoever called whom.
enum TendCallBacks: Sweep {
  static let name = "tend-call-backs"
  static var pause: Duration { .seconds(2) }

  struct CallBack: Sendable {
    enum Fate: Sendable {
      case raise, wait
      /// Why.
      case settle(String)
    }

    let call: String
    let use: Int32
    let fate: Fate
    let wasRaised: Bool
    let due: Timestamp
    let person: Int64?
    let branch: Int64?
    let lead: Int64?
    let queue: String?

    var key: String { CallBackRow.key(call, use) }
  }

  /// Where the exchange passed a caller on into a call that names this one, that call speaks for them.
  ///
  /// Whoever has the lead or the customer; else whoever it rang at where no queue had it; else the queue's team, or the branch
  /// of the lead, of the customer or, in the end, the head office. Working time is the receiver's own, or the team's.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [CallBack] {
    let rows = try transaction.rows(
      """
      select b.call_id, b.state = 'raised',
        case when not b.wanted then 'answered' when talked.at is not null then 'called-back'
          when n.is_there then 'passed-on'
          when b.state = 'raised' then r.state when b.missed_at < clock_timestamp() - interval '1 day' then 'too-old' end,
        coalesce(b.due_at, working_deadline(coalesce(p.calendar_id, h.calendar_id), h.time_zone, b.missed_at,
          coalesce(q.call_back_minutes, f.call_back_minutes))),
        p.id, h.id, b.lead_id, b.queue, b.use
      from call_back b
      cross join firm_policy f
      left join reminder r on b.state = 'raised' and r.key = call_key(b.call_id, b.use) and r.state <> 'open'
      left join call_contact talked on talked.phone = b.phone and talked.at >= b.missed_at
      left join lateral (
        select true as is_there from call c where c.linked = b.call_id and c.phone = b.phone and c.id <> b.call_id
          and c.started_at between b.missed_at - interval '12 hours' and b.missed_at + interval '12 hours' limit 1) n on true
      left join call_queue q on q.code = b.queue
      left join lead l on l.id = b.lead_id
      left join customer c on c.id = b.customer_id
      left join agent a on a.code = b.agent
      left join person p on p.id = coalesce(case when l.state = 'owned' then l.owner_id end, c.manager_id,
        case when b.queue is null then coalesce(a.person_id, (select o.id from person o where o.code = b.agent)) end)
      left join branch h on h.id = coalesce(p.branch_id, q.branch_id, l.branch_id, c.branch_id,
        (select t.id from branch t where t.parent_id is null order by t.id limit 1))
      where b.state <> 'settled' and b.raise_at <= clock_timestamp()
        and (b.state = 'waiting' or not b.wanted or talked.at is not null or n.is_there or r.id is not null)
        and not exists (select from set_aside s where s.sweep = 'tend-call-backs' and s.item = call_key(b.call_id, b.use))
      order by b.raise_at limit $1 for update of b skip locked
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map {
      let settled = $0.optionalText(2)
      return CallBack(
        call: $0.text(0), use: Int32($0.small(8)),
        fate: settled.map { .settle($0) } ?? ($0.boolean(1) ? .wait : .raise),
        wasRaised: $0.boolean(1), due: $0.timestamp(3), person: $0.optionalInteger(4), branch: $0.optionalInteger(5),
        lead: $0.optionalInteger(6), queue: $0.optionalText(7))
    }
  }

  static func label(_ callBack: CallBack) -> String { callBack.key }

  static func load(_ items: [CallBack], _ cache: inout NoCache, _ transaction: Transaction) -> NothingLoaded {
    NothingLoaded()
  }

  static func decide(_ item: CallBack, _ state: inout NothingLoaded, _ now: Timestamp) -> Decision<CallBackChange> {
    let key = item.key
    switch item.fate {
    case .wait: return .ignore("raised")
    case .settle(let reason):
      var change = CallBackChange(call: item.call, use: item.use, state: "settled", settledFor: reason)
      if item.wasRaised { change.gone = .key(key, because: reason) }
      return .apply(change, outcome: "settled")
    case .raise:
      let assignee: Reminder.Assignee
      if let person = item.person {
        assignee = .person(person)
      } else if let branch = item.branch {
        assignee = .manager(ofBranch: branch)
      } else {
        return .ignore("nobody")
      }
      let about = item.lead.map { "Lead \($0)" } ?? "Somebody"
      let place = item.queue.map { " in queue \($0)" } ?? ""
      let reminder = Reminder(
        "call-back", key: key, about: Reminder.Subject(kind: "call", name: item.call), to: assignee, due: item.due,
        urgency: .urgent, detail: "\(about) called\(place) and talked to nobody: call back.")
      return .apply(
        CallBackChange(call: item.call, use: item.use, state: "raised", due: item.due, reminder: reminder),
        outcome: "raised")
    }
  }

  static let writes: [Write<NothingLoaded, CallBackChange>] = [
    .each(
      { $0 },
      """
      update call_back b set state = a.state, due_at = coalesce(a.due, b.due_at), settled_for = a.settled_for
      from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::int[]) a (call, state, due, settled_for, use)
      where b.call_id = a.call and b.use = a.use and b.call_id = any($1)
      """,
      .text { $0.call }, .text { $0.state }, .timestamp { $0.due }, .text { $0.settledFor }, .small { $0.use }),
    .cancelling(by: TrackCalls.name) { _, changes in changes.compactMap(\.gone) },
    .raising(by: TrackCalls.name) { _, changes in changes.compactMap(\.reminder) },
  ]

  struct NothingLoaded {}
}

struct CallBackChange: Sendable {
  let call: String
  let use: Int32
  let state: String
  var settledFor: String?
  var due: Timestamp?
  var reminder: Reminder?
  var gone: Reminder.Gone?
}
