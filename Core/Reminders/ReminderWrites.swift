public import Contract
internal import Postgres

extension Write {
  /// Raises what has not been raised before.
  ///
  ///     .raising(by: AllocateLeads.name) { _, changes in changes.flatMap(\.reminders) }
  ///
  /// Of the source `state`, and last in the list: reminders come after every other row in the order of locks. The
  /// worker's role needs the rights that `0007_reminders.sql` lists.
  public static func raising(
    by worker: String, _ reminders: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Reminder]
  ) -> Write {
    .total(
      reminders,
      """
      select raise_reminders(($1::text[])[1], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::timestamptz[], $9::text[], $10::text[], $11::text[])
      """,
      touchesEach: false,
      .text { _ in worker }, .text { $0.key }, .text { $0.kind }, .text { $0.subject.kind }, .text { $0.subject.name },
      .integer { $0.assignee.person }, .integer { $0.assignee.branch }, .timestamp { $0.due },
      .text { $0.urgency.rawValue }, .text { $0.detail }, .text { $0.trace })
  }

  /// Cancels those that are still open. Stands before `raising` in the list.
  public static func cancelling(
    by worker: String, _ causes: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Reminder.Gone]
  ) -> Write {
    .total(
      causes,
      """
      select cancel_reminders(($1::text[])[1], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
      """,
      touchesEach: false,
      .text { _ in worker }, .text { $0.key }, .text { $0.subject?.kind }, .text { $0.subject?.name },
      .text { $0.kind }, .text { $0.reason })
  }
}

extension Reminder.Assignee {
  fileprivate var person: Int64? {
    if case .person(let id) = self { id } else { nil }
  }

  fileprivate var branch: Int64? {
    if case .manager(let branch) = self { branch } else { nil }
  }
}
