internal import Postgres
internal import Printing
internal import Values

/// How a lead's explanation is printed.
struct ExplanationPage {
  private let lead: Table
  private let story: [LeadExplanation]
  private let duplicates: Table

  /// Whether every choice, made again, is the one that was made.
  var isConfirmed: Bool { story.allSatisfy(\.isConfirmed) }

  /// - Parameter row: the lead, in the order of `Leads.explanation`.
  init(_ row: Row, _ story: [LeadExplanation], _ duplicates: Table) {
    var lead = Table(
      .left("lead"), .left("phone"), .left("region"), .left("name"), .left("source"), .left("product"), .left("state"),
      .left("branch"), .left("owner"), .left("heldFor"), .left("heldSince"), .left("protectedSince"),
      .left("protectedUntil"), .left("version"), .left("registeredAt"))
    /// Printed where there is something to print.
    let more: [(Table.Column, Table.Cell)] = [
      (.left("language"), .text(optional: row.optionalText(18))),
      (.left("value"), .text(optional: row.optionalText(19))),
      (.left("customerNumber"), .text(optional: row.optionalText(20))),
      (.left("importer"), .text(optional: row.optionalText(21))),
      (.left("customer"), .text(optional: row.optionalText(22))),
      (
        row.text(7) == "held" ? .left("keysNameCustomers") : .left("phoneOfCustomers"),
        .text(optional: row.optionalText(23))
      ),
      (.left("toBePassedOnUntil"), .time(optional: row.optionalTimestamp(24))),
    ].filter { $0.1 != .none }
    func named(_ code: Int32) -> Table.Cell {
      .text(optional: row.optionalText(code).map { "\(row.optionalText(code + 1) ?? "") (\($0))" })
    }
    lead.add(
      .number(row.integer(0)), .text(optional: row.optionalInteger(1).map { "+\($0)" } ?? row.optionalText(2)),
      .text(optional: row.optionalText(3)), .text(optional: row.optionalText(4)), .text(row.text(5)),
      .text(optional: row.optionalText(6)), .text(row.text(7)), named(8), named(10),
      .text(optional: row.optionalText(12)), .time(optional: row.optionalTimestamp(13)),
      .time(optional: row.optionalTimestamp(14)), .time(optional: row.optionalTimestamp(15)),
      .number(row.integer(16)), .time(row.timestamp(17)))
    self.lead = Table(lead.columns + more.map(\.0), [lead.rows[0] + more.map(\.1)])
    self.story = story
    self.duplicates = duplicates
  }

  /// - Parameter width: of the terminal, if it is for one.
  func text(width: Int?) -> String {
    var text = lead.upright
    for part in story { text += "\n" + paragraph(part, width) }
    if !duplicates.isEmpty { text += "\nThe same phone was registered again:\n" + duplicates.fitted(to: width) }
    return text
  }

  private func paragraph(_ part: LeadExplanation, _ width: Int?) -> String {
    let judgement = part.judgement
    let when = Table.Cell.time(judgement.at).shown
    let owner = judgement.owner.map { part.people[$0]?.shown ?? "person \($0)" }
    let place = judgement.branch.map { " in \(printable($0.shown))" } ?? ""
    var text = "Version \(judgement.version), \(when), by \(judgement.worker):\n"
    switch judgement.what {
    case "held": text += "held\(place): \(judgement.reason ?? "-")\n"
    case "waiting": text += "waits to be passed on\(place)\n"
    case "converted":
      text += "converted, by \(judgement.reason ?? "-")\(owner.map { " to \(printable($0))" } ?? "")\(place)\n"
    case let what:
      let reason = judgement.reason.map { ": \($0)" } ?? ""
      text += "\(what)\(owner.map { " to \(printable($0))" } ?? "")\(place)\(reason)\n"
    }
    if let source = judgement.source, let event = judgement.event {
      text += "Because of the event \(printable(event)) of \(printable(source)).\n"
    }
    if part.asksRules {
      text += "\nRules, set \(judgement.ruleset ?? 0), in order; the first that matches gives the branch:\n"
      text += part.rules.isEmpty ? "none\n" : rules(part).fitted(to: width)
      let left = part.rules.count - rules(part).rows.count
      if left > 0 { text += "\(left) more were not reached.\n" }
      if part.rules.allSatisfy({ $0.obstacle != nil }) { text += "No rule matches.\n" }
    } else if let why = ExplanationPage.bases[judgement.basis ?? ""] {
      text += "\n\(why)\n"
    } else if judgement.what == "allocated" || judgement.what == "held", judgement.branch != nil {
      text += "\nIt waited in this branch: the rules are not asked again.\n"
    }
    if let note = judgement.note { text += "Its source wanted it elsewhere: \(note).\n" }
    if judgement.reason == "keys-disagree" {
      text += "\nIts keys name several customers, or contradict the one they name: a person has to look.\n"
    }
    if judgement.basis == "importer" { return text }
    if judgement.reason == "behind-held" {
      text += "\nOthers of the branch waited already: a new lead does not overtake them, so nobody was considered.\n"
    } else if let replay = part.replay {
      let snapshot = "snapshot \(judgement.snapshot ?? 0) of \(part.takenAt.map { Table.Cell.time($0).shown } ?? "-")"
      text += "\nPeople as choice \(judgement.choice ?? 0) of \(snapshot) found them\n(choices count from 0):\n"
      text += replay.people.isEmpty ? "nobody belongs to the branch\n" : people(part, replay).fitted(to: width)
      text += outcome(part, replay)
    }
    return text
  }

  /// What gave the branch where it was no rule.
  private static let bases = [
    "importer": "Its importer keeps it, as the source's policy says: within capacity and caps, and out of turn.",
    "importer-branch": "It goes to its importer's branch, as the source's policy says.",
    "institution": "It goes to the institution's partner branch, before any rule.",
    "customer": "It belongs to a customer: whose it is follows from the firm's policy.",
    "escalated": "The branch below did not pass it on in time.",
  ]

  private func rules(_ part: LeadExplanation) -> Table {
    var table = Table(.right("rule"), .left("conditions"), .left("branch"), .left("outcome"))
    for (rule, obstacle) in part.rules {
      table.add(.number(rule.position), .text(rule.conditions), .text(rule.branch), .text(obstacle ?? "matches"))
      if obstacle == nil { break }
    }
    return table
  }

  /// Columns of bounds that nobody has are left out for people; `--json` has them all.
  private func people(_ part: LeadExplanation, _ replay: ChoiceReplay, isJSON: Bool = false) -> Table {
    let people = replay.people
    let columns: [(Table.Column, isShown: Bool, (ChoiceReplay.Person) -> Table.Cell)] = [
      (.right("weight"), true, { .number($0.weight) }), (.right("openLeads"), true, { .number($0.openLeads) }),
      (.right("capacity"), true, { bound($0.capacity, isJSON) }),
      (.right("givenToday"), people.contains { $0.dailyCap != nil }, { .number($0.today) }),
      (.right("dailyCap"), people.contains { $0.dailyCap != nil }, { bound($0.dailyCap, isJSON) }),
      (.right("givenThisWeek"), people.contains { $0.weeklyCap != nil }, { .number($0.thisWeek) }),
      (.right("weeklyCap"), people.contains { $0.weeklyCap != nil }, { bound($0.weeklyCap, isJSON) }),
      (.right(replay.method == .credits ? "credit" : "starts"), true, { .number($0.offset) }),
      (
        .right(replay.method == .credits ? "withWeight" : "ends"), true,
        { person in
          guard person.obstacle == nil else { return .none }
          return .number(replay.method == .credits ? person.offset + person.weight : person.deadline)
        }
      ),
    ].filter { $0.1 || isJSON }
    let rows = people.enumerated().map { place, person in
      let named = part.people[person.id]
      let outcome =
        part.judgement.basis == "importer" && person.id == part.judgement.owner
        ? "keeps"
        : replay.obstacle(at: place)
          ?? (place == replay.winner ? "chosen" : replay.isAhead(place) ? "ahead" : isJSON ? "later" : "")
      return [.text(named?.code ?? "\(person.id)"), .text(named?.name ?? "-")] + columns.map { $0.2(person) }
        + [.text(outcome)]
    }
    return Table([.left("person"), .left("name")] + columns.map(\.0) + [.left("outcome")], rows)
  }

  private func bound(_ number: Int64?, _ isJSON: Bool) -> Table.Cell {
    number.map { .number($0) } ?? (isJSON ? .none : .text("none"))
  }

  private func outcome(_ part: LeadExplanation, _ replay: ChoiceReplay) -> String {
    guard part.isConfirmed else {
      let name = part.recomputed.map { part.people[$0]?.shown ?? "person \($0)" } ?? "nobody"
      return "\nThis does not add up: made again, the choice falls on \(printable(name)). Please report it.\n"
    }
    guard let winner = replay.winner else { return "Nobody can take a lead.\n" }
    switch replay.method {
    case .roundRobin:
      return "By turns: whoever starts after the mean of all who can take a lead is ahead of their share.\n"
        + "Of the others the one wins whose lead ends first; a lead lasts 55,440,000 over the weight.\n"
    case .leastLoaded:
      return
        "The least loaded: fewest open leads for their weight, with this one; between equals the lead that ends first.\n"
    case .credits:
      let person = replay.people[winner]
      return "The greatest credit with weight wins;\n"
        + "it then pays the sum of the weights, \(replay.sumOfWeights), "
        + "and stands at \(person.offset + person.weight - replay.sumOfWeights).\n"
    }
  }

  /// One object for each version of the lead.
  var json: String {
    var table = Table(
      .left("lead"), .left("version"), .left("at"), .left("what"), .left("branch"), .left("owner"), .left("reason"),
      .left("basis"), .left("note"), .left("ruleset"), .left("rule"), .left("snapshot"), .left("choice"),
      .left("source"), .left("eventId"),
      .left("rules"), .left("method"), .left("people"), .left("recomputed"), .left("confirmed"))
    for part in story {
      let judgement = part.judgement
      func code(_ id: Int64?) -> Table.Cell { .text(optional: id.map { part.people[$0]?.code ?? "\($0)" }) }
      table.add(
        lead.rows[0][0], .number(judgement.version), .time(judgement.at), .text(judgement.what),
        .text(optional: judgement.branch?.code), code(judgement.owner), .text(optional: judgement.reason),
        .text(optional: judgement.basis), .text(optional: judgement.note), .number(optional: judgement.ruleset),
        .number(optional: judgement.rule), .number(optional: judgement.snapshot),
        .number(optional: judgement.choice), .text(optional: judgement.source), .text(optional: judgement.event),
        .nested(json: rules(part).json, shown: ""),
        .text(optional: part.replay?.method.rawValue),
        .nested(json: part.replay.map { people(part, $0, isJSON: true).json } ?? "null", shown: ""),
        code(part.recomputed),
        .boolean(part.isConfirmed))
    }
    return table.json
  }
}
