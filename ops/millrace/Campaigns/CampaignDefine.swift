internal import Campaigns
internal import Postgres
internal import Printing
internal import Values

/// `campaign define`: stores a definition as a draft, or a changed one as the next version.
enum CampaignDefine {
  static let command = Command(
    name: "campaign define", summary: "store a campaign's definition as a draft, or a changed one as its next version",
    operands: "FILE", operandCount: 1...1, options: [.json],
    details: """
      One JSON object, described by ops/campaigns/campaign.schema.json; examples lie beside it. In short:

        {"name": "spring-bonds-2027", "title": "Spring bonds", "objective": "cross-sell", "branch": "SH",
         "purpose": "marketing", "product": {"code": "BOND-7", "risk": 2},
         "audience": {"customers": "level in (gold, platinum) and assets >= 500000 CNY"}, "exclude": "tag = \\"vip\\"",
         "control": {"share": 5},
         "channels": [{"channel": "sms", "template": "spring-bonds"},
           {"channel": "email", "template": "spring-bonds", "onFailure": true, "afterSilence": "PT24H"}],
         "expires": "2027-03-31T18:00:00+08:00", "pace": 20000, "budget": "spring-2027"}

      Filters: and, or, not, parentheses; = != < <= > >=, in (a, b), between a and b, is known, is unknown, under (a region
      or branch and what belongs to it); tag = "vip"; 500000 CNY, 2027-01-31, 30 days ago, C3; 12-31, today or
      today + 3 days for birthdays; list = "seminar-guests", as `millrace audience load` has brought it.
      Fields of customers: age, assets, birthday, branch, changed, language, level, list, manager, number, region, risk,
      status, tag. Of leads: branch, contacted, language, level, list, owner, product, region, registered, source, state,
      value.

      What cannot be right is refused with its path: what nobody knows by that name, filters with line and column, in them
      branches, people, lists and regions that are not there. Nothing is sent, and nobody is looked up. A campaign that was
      submitted or approved is a draft again once it has changed; one that was launched no longer changes.
      """,
    examples: [("millrace campaign define spring-bonds.json", "store it, then look at `millrace campaign preview`")],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let file = invocation.operands[0]
    do {
      try define(text(of: try InputFiles.contents(of: file)), invocation, try invocation.database())
    } catch let refusal as Refusal {
      throw Failure.no("\(file): \(refusal)")
    }
    return .done
  }

  /// - Parameter bytes: with or without a mark of their order.
  private static func text(of bytes: [UInt8]) throws(Refusal) -> String {
    let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    guard let text = String(validating: bytes.dropFirst(isMarked ? 3 : 0), as: UTF8.self) else {
      throw Refusal("not-utf-8", "the file is not UTF-8")
    }
    return text
  }

  static func define(_ text: String, _ invocation: Invocation, _ session: Connection) throws {
    let definition = try CampaignDefinition(reading: text)
    try DefinitionCheck.run(definition, session)
    let answer = try session.rows("select define_campaign($1)") { $0.text(text) }[0].text(0)
    guard ["defined", "changed", "unchanged"].contains(answer) else {
      throw CampaignAnswer.notDefined(answer, definition.name)
    }
    let campaign = try StoredCampaign.named(definition.name, session)
    var table = Table(.left("campaign"), .right("version"), .left("state"), .left("definition"))
    table.add(.text(campaign.name), .number(campaign.version), .text(campaign.state), .text(answer))
    invocation.output.show(table)
    invocation.output.note(CampaignAnswer.next(campaign.state, campaign.name))
  }
}
