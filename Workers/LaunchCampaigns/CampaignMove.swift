import Contract
import Reminders
import Runtime
import Values

/// A campaign that takes a step which nobody takes, as it stood when its row was locked.
struct CampaignMove: Sendable {
  let campaign: Int64
  let name: String
  /// Who answers for it.
  let owner: Int64
  let before: CampaignStanding.State
  let step: CampaignStep
  let at: Timestamp

  /// Whoever answers for a campaign that has paused itself is to see to it, each time.
  fileprivate var reminder: Reminder? {
    guard let note = step.note else { return nil }
    return Reminder(
      "campaign-paused", key: "campaign/\(campaign)/paused/\(at.rfc3339)",
      about: Reminder.Subject(kind: "campaign", name: name), to: .person(owner), due: at, urgency: .urgent,
      detail: "The campaign \(name) has paused itself: \(note)")
  }
}

extension Write {
  /// Changes campaigns' rows, adds to their records, and tells whom it concerns. Their rows are locked.
  static func moving(_ move: @escaping @Sendable (Change) -> CampaignMove?) -> [Write] {
    [
      .each(
        move,
        """
        update campaign c set state = coalesce(a.state, c.state), reason = case a.state when 'paused' then a.note else c.reason end,
          expanded_at = case when a.ends_expansion then coalesce(c.expanded_at, clock_timestamp()) else c.expanded_at end,
          settled_at = case when a.settled then clock_timestamp() end
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
          a (id, before, state, note, ends_expansion, settled)
        where c.id = a.id and c.state = a.before and c.settled_at is null
        """,
        .integer { $0.campaign }, .text { $0.before.rawValue }, .text { $0.step.state }, .text { $0.step.note },
        .boolean { $0.step.endsExpansion }, .boolean { $0.step.isSettled }),
      .each(
        { change in move(change).flatMap { $0.step.word == nil || Sabotage.forgetStep.isOn ? nil : $0 } },
        """
        select note_campaign_step(c, a.before, a.what, a.note)
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) a (id, before, what, note) join campaign c on c.id = a.id
        """,
        touchesEach: false,
        .integer { $0.campaign }, .text { $0.before.rawValue }, .text { $0.step.word }, .text { $0.step.note }),
      .each(
        { change in move(change).flatMap { $0.step.isSettled ? $0 : nil } },
        """
        delete from campaign_range r
        where (r.campaign_id, r.number) in (
          select g.campaign_id, g.number from campaign_range g where g.campaign_id = any($1) for update skip locked)
        """,
        touchesEach: false, .integer { $0.campaign }),
      .raising(by: LaunchCampaigns.name) { _, changes in changes.compactMap { move($0)?.reminder } },
    ]
  }
}
