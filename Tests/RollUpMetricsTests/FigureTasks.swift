import Topics
import Values

/// Tasks of campaigns, as the ledger and the service log have them.
extension FigureDesk {
  /// A recipient whose manager has a task: number `1000 * campaign + subject`, due a day after it was made.
  /// - Parameter place: of those after the first channel the recipient is there already, and the number is so much higher.
  func task(_ campaign: Int64, _ subject: Int64, at seconds: Int64 = 0, place: Int64 = 0) throws {
    if place == 0 { try recipient(campaign, subject, state: "assigned", at: seconds, channel: "manager") }
    let (kind, name) = subject > 100 ? ("lead", "\(subject)") : ("customer", "C\(subject)")
    try session.run(
      script: """
        insert into task (id, campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script,
          made_at, due_at)
        overriding system value
        values (\(message(campaign, subject) + place), \(campaign), \(subject), \(place), 'c\(campaign)', 'Spring', '\(kind)', '\(name)', 1, 'P-1', 2, 's',
          '\(moment(seconds).rfc3339)', '\(moment(seconds + 86_400).rfc3339)')
        """)
  }

  /// The ledger has it that the task was done.
  func finish(
    _ campaign: Int64, _ subject: Int64, _ outcome: String = "interested", at seconds: Int64, place: Int64 = 0
  ) throws {
    try session.run(
      script: """
        update task set state = 'done', outcome = '\(outcome)', settled_at = '\(moment(seconds).rfc3339)', version = version + 1
        where id = \(message(campaign, subject) + place)
        """)
  }

  /// What the service log tells of that.
  func finished(_ subject: Int64, _ outcome: String = "interested", at seconds: Int64) -> ServiceRecorded.Entry {
    ServiceRecorded.Entry(
      number: seconds, organisation: "SH", day: "2027-05-01", at: moment(seconds), what: "task-done",
      subjectKind: subject > 100 ? .lead : .customer, subject: subject > 100 ? "\(subject)" : "C\(subject)", by: "P-1",
      authority: "own-login", outcome: outcome, commitment: String(repeating: "0", count: 64))
  }
}

/// What the service log tells of a call with a customer.
func called(
  _ customer: String, _ number: Int64, _ outcome: String, at seconds: Int64
) -> ServiceRecorded.Entry {
  ServiceRecorded.Entry(
    number: number, organisation: "SH", day: "2027-05-01", at: moment(seconds), what: "called",
    subjectKind: .customer,
    subject: customer, authority: "call", outcome: outcome, commitment: String(repeating: "0", count: 64))
}
