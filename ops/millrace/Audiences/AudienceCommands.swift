internal import Postgres
internal import Printing
internal import Values

/// `audience list`, `show` and `remove`.
enum AudienceCommands {
  static let list = Command(
    name: "audience list", summary: "list the lists of people that campaigns can name, the newest first",
    options: [.json],
    details: """
      One that is not whole is being loaded, or its loading broke off: no campaign can use it, and loading it again begins
      anew.
      """,
    examples: [("millrace audience list", "what there is")],
    run: { invocation in
      var table = Table(
        .left("list"), .left("branch"), .left("author"), .left("by"), .right("customers"), .right("leads"),
        .right("lines"), .right("refused"), .left("whole"), .right("campaigns"), .left("note"))
      for list in try AudienceList.read(try invocation.database()) {
        table.add(
          .text(list.name), .text(list.branch), .text(list.author), .text(list.key), people(list.customers),
          people(list.leads), people(list.lines), people(list.refused), .time(optional: list.wholeAt),
          .number(Int64(list.usedBy.count)), .text(optional: list.note))
      }
      invocation.output.show(table, nothing: "There is no list. `millrace audience load NAME FILE` makes one.")
      return .done
    })

  static let show = Command(
    name: "audience show", summary: "show a list of people: how many, from where, which campaigns name it",
    operands: "NAME", operandCount: 1...1, options: [.json],
    details: "Nobody's data is shown. Campaigns that are over are left out.",
    examples: [("millrace audience show seminar-guests", "all that is known of it")],
    run: { invocation in
      let session = try invocation.database()
      let list = try AudienceList.named(invocation.operands[0], session)
      invocation.output.showUpright(table(list))
      if list.wholeAt == nil {
        invocation.output.note("It is not whole, so that no campaign can use it: load it again.")
      }
      return .done
    })

  static let remove = Command(
    name: "audience remove", summary: "remove a list that no campaign needs any more", operands: "NAME",
    operandCount: 1...1, options: [.execute, .json],
    details: """
      Not while a campaign names it that is not over, drafts among them: what was approved stays what it was. What has become
      of the people of campaigns that are over stays. Whoever's scope the list's branch is in may remove it.
      """,
    examples: [("millrace audience remove seminar-guests --execute", "away with it")],
    run: runRemove)

  private static func runRemove(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let list = try AudienceList.named(invocation.operands[0], session)
    guard list.usedBy.isEmpty else { throw inUse(list) }
    guard invocation.isExecuting else {
      invocation.output.showUpright(table(list))
      invocation.output.note("Nothing was done. To remove it, add --execute.")
      return .done
    }
    let answer = try session.rows("select remove_audience($1)") { $0.text(list.name) }[0].text(0)
    switch answer {
    case "removed": break
    // Somebody was faster.
    case "unknown-list": throw try AudienceList.unknown(list.name, session)
    case "in-use": throw inUse(try AudienceList.named(list.name, session))
    default: throw AudienceList.refusal(answer, list.name)
    }
    invocation.output.showUpright(table(list))
    invocation.output.note("It is gone.")
    return .done
  }

  private static func inUse(_ list: AudienceList) -> Failure {
    .no(
      "\(list.name) is named by campaigns that are not over: \(list.usedBy.joined(separator: ", ")). Once they are finished or "
        + "cancelled, it can go.")
  }

  private static func table(_ list: AudienceList) -> Table {
    var table = Table(
      .left("list"), .right("customers"), .right("leads"), .left("by"), .left("columns"), .left("note"),
      .left("branch"), .left("author"), .left("begun"), .left("whole"), .right("lines"), .right("refused"),
      .left("campaigns"))
    table.add(
      .text(list.name), people(list.customers), people(list.leads), .text(list.key), words(list.columns),
      .text(optional: list.note), .text(list.branch), .text(list.author), .time(list.begunAt),
      .time(optional: list.wholeAt), people(list.lines), people(list.refused), words(list.usedBy))
    return table
  }

  private static func words(_ all: [String]) -> Table.Cell {
    .nested(
      json: "[" + all.map(jsonQuoted).joined(separator: ",") + "]",
      shown: all.isEmpty ? "-" : printable(all.joined(separator: ", ")))
  }
}
