internal import Postgres
internal import Values

/// What a branch or a person has of leads, and what was done in a time. Counters, small indexes and the part of the history that lies in
/// the time tell it: nothing here goes through all leads.
struct PeopleCounts {
  let branch: String
  /// nil: the branch as a whole.
  let person: String?
  let name: String
  /// nil for a person: only branches have these.
  let held: Int64?
  let waiting: Int64?
  let pooled: Int64?
  let owned: Int64
  let allocated: Int64
  let contactedInTime: Int64
  let reclaimed: Int64
  let converted: Int64
  let calls: Int64
  let talkSeconds: Int64
  let tasksDone: Int64
  let tasksOverdue: Int64
  let campaignSent: Int64?
  let campaignConverted: Double

  /// Branches by code, then people by branch and code.
  /// - Parameter branch: with all below it; nil for all that may be seen.
  /// - Parameter isOwn: what the login's own person may see.
  static func read(
    under branch: String?, _ span: PeopleReport.Span, isOwn: Bool, _ session: Connection
  ) throws(PostgresError) -> [PeopleCounts] {
    try session.rows(isOwn ? ofPerson : ofOperator) {
      $0.text(branch)
      $0.timestamp(span.from)
      $0.timestamp(span.until)
    }.map {
      PeopleCounts(
        branch: $0.text(0), person: $0.optionalText(1), name: $0.text(2), held: $0.optionalInteger(3),
        waiting: $0.optionalInteger(4), pooled: $0.optionalInteger(5), owned: $0.integer(6), allocated: $0.integer(7),
        contactedInTime: $0.integer(8), reclaimed: $0.integer(9), converted: $0.integer(10), calls: $0.integer(11),
        talkSeconds: $0.integer(12), tasksDone: $0.integer(13), tasksOverdue: $0.integer(14),
        campaignSent: $0.optionalInteger(15), campaignConverted: $0.double(16))
    }
  }

  static let ofOperator: Statement = "select * from people_report($1, $2, $3)"
  static let ofPerson: Statement = "select * from own_people_report($1, $2, $3)"

  /// Of those that were given in the time; nil where none was.
  var inTime: Double? { allocated > 0 ? Double(contactedInTime) / Double(allocated) : nil }

  /// By what they may be ranked, with the words of the option.
  static let orders: [(name: String, value: @Sendable (PeopleCounts) -> Double)] = [
    ("converted", { Double($0.converted) }), ("allocated", { Double($0.allocated) }), ("owned", { Double($0.owned) }),
    ("contactedInTime", { Double($0.contactedInTime) }), ("inTime", { $0.inTime ?? -1 }),
    ("reclaimed", { Double($0.reclaimed) }), ("calls", { Double($0.calls) }), ("talk", { Double($0.talkSeconds) }),
    ("tasksDone", { Double($0.tasksDone) }), ("tasksOverdue", { Double($0.tasksOverdue) }),
    ("campaignConverted", { $0.campaignConverted }),
  ]
}
