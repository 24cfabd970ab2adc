internal import Contract
internal import Postgres
internal import Printing
internal import Topics
internal import Values

/// What would become of one line of a file.
struct RehearsalOutcome {
  enum Decided {
    /// What the worker counts it as.
    case applied(String)
    case refused(Refusal)
  }

  let line: Int
  /// The number that it has in the rehearsal alone.
  var lead: Int64?
  /// The middle left out.
  var phone: String?
  var region: String?
  let outcome: String
  var branch: String?
  var person: String?
  /// `3: region CN-GD`.
  var rule: String?
  var why: String?

  /// In the order of the file.
  static func read(
    _ read: RehearsalLeads, _ decided: [Decided], _ session: Connection
  ) throws(PostgresError) -> [RehearsalOutcome] {
    let rules = try FirmTables.rules(session).map(\.key)
    var outcomes = read.refused.map {
      RehearsalOutcome(line: $0.line, outcome: "refused", why: $0.refusal.description)
    }
    let found = try judgements(read.leads.map(\.delivery), session)
    for (lead, decision) in zip(read.leads, decided) {
      switch decision {
      case .refused(let refusal):
        outcomes.append(RehearsalOutcome(line: lead.line, outcome: "refused", why: refusal.description))
      case .applied(let word):
        var outcome = RehearsalOutcome(line: lead.line, outcome: word)
        if let row = found[Key(lead.delivery)] {
          outcome.lead = row.integer(8)
          outcome.phone = row.optionalInteger(2).map(Leads.masked)
          outcome.region = row.optionalText(3)
          outcome.branch = row.optionalText(4)
          outcome.person = row.optionalText(5)
          outcome.why = row.optionalText(6)
          outcome.rule = row.optionalInteger(7).flatMap { place in
            rules.indices.contains(Int(place) - 1) ? "\(place): \(rules[Int(place) - 1])" : nil
          }
        }
        outcomes.append(outcome)
      }
    }
    return outcomes.sorted { $0.line < $1.line }
  }

  private struct Key: Hashable {
    let source: String
    let id: String

    init<Reading>(_ lead: Delivery<Reading>) { (source, id) = (lead.source, lead.id) }
    init(_ row: Row) { (source, id) = (row.text(0), row.text(1)) }
  }

  private static func judgements(
    _ leads: [Delivery<LeadRegistered>], _ session: Connection
  ) throws(PostgresError) -> [Key: Row] {
    let rows = try session.rows(
      """
      select h.source, h.event_id, l.phone, l.region, b.code, p.code, h.reason, h.rule_position,
        h.lead_id
      from lead_history h join lead l on l.id = h.lead_id left join branch b on b.id = h.branch_id
        left join person p on p.id = h.owner_id
      where h.source is not null and h.event_id is not null
      union all
      select d.event_source, d.event_id, l.phone, l.region, b.code, p.code, 'registered before as lead ' || l.id, null,
        l.id
      from lead_duplicate d join lead l on l.id = d.lead_id left join branch b on b.id = l.branch_id
        left join person p on p.id = l.owner_id
      """)
    return Dictionary(rows.map { (Key($0), $0) }) { first, _ in first }
  }

  // MARK: Tables

  static func table(_ outcomes: ArraySlice<RehearsalOutcome>) -> Table {
    var table = Table(
      .right("line"), .left("phone"), .left("region"), .left("rule"), .left("outcome"), .left("branch"),
      .left("person"), .left("why"))
    for one in outcomes {
      table.add(
        .number(Int64(one.line)), .text(optional: one.phone), .text(optional: one.region), .text(optional: one.rule),
        .text(one.outcome), .text(optional: one.branch), .text(optional: one.person), .text(optional: one.why))
    }
    return table
  }

  /// How many of each outcome and reason, by branch.
  static func summary(_ outcomes: [RehearsalOutcome]) -> Table {
    struct Group: Hashable {
      let branch: String?
      let outcome: String
      let why: String?
    }
    let counts = Dictionary(grouping: outcomes) { one in
      Group(branch: one.branch, outcome: one.outcome, why: one.outcome == "held" ? one.why : nil)
    }.mapValues(\.count)
    var table = Table(.left("branch"), .left("outcome"), .left("why"), .right("leads"))
    let order = counts.sorted {
      ($0.key.branch ?? "~", $0.key.outcome, $0.key.why ?? "") < (
        $1.key.branch ?? "~", $1.key.outcome, $1.key.why ?? ""
      )
    }
    for (group, count) in order {
      table.add(
        .text(optional: group.branch), .text(group.outcome), .text(optional: group.why), .number(Int64(count)))
    }
    return table
  }
}
