import Campaigns
import Postgres
import TestKit
import Testing

@testable import millrace

/// What people do with campaigns, and what they are told. What may be done when is the database's to say.
@Suite struct CampaignCommandTests {
  private let name = CampaignDesk.name

  @Test(
    "a definition is stored as a draft, and what comes next is said; the same once more changes nothing, another is the next version"
  )
  func define() throws {
    try CampaignDesk.open { desk throws in
      let first = try desk.define()
      #expect(first.exit == .done && first.rows.first == [name, "1", "draft", "defined"], "\(first.out)\(first.err)")
      #expect(first.out.contains("`millrace campaign preview \(name)`"))
      #expect(try desk.define().rows.first == [name, "1", "draft", "unchanged"])
      let changed = try desk.define("\u{FEFF}" + CampaignDesk.definition(#""pace": 5, "#))
      #expect(changed.rows.first == [name, "2", "draft", "changed"], "\(changed.err)")
      let shown = desk.run("show", name, "--definition")
      #expect(shown.out == CampaignDesk.definition(#""pace": 5, "#) + "\n")
    }
  }

  @Test(
    "a definition that cannot be right is refused with path and reason, and nothing is stored",
    arguments: [
      (#""audiense": 1, "#, "audiense: unknown-field: nothing reads this field; did you mean `audience`?"),
      (#""pace": 0, "#, "pace: out-of-range: "),
      (#""budget": "none", "#, #"budget: unknown-budget: there is no budget "none""#),
      (#""hours": "NEVER", "#, "hours: there is no calendar of that code."),
      (#""owner": "P9", "#, "owner: nobody who is active has that code."),
    ])
  func refused(_ member: String, _ sentence: String) throws {
    try CampaignDesk.open { desk throws in
      let run = try desk.define(CampaignDesk.definition(member))
      #expect(run.exit == .no && run.err.contains(sentence), "\(run.err)")
      #expect(try desk.desk.lines("select name from campaign").isEmpty)
    }
  }

  @Test(
    "what a definition names has to be there",
    arguments: [
      (
        #""template": "spring-bonds""#, #""template": "spring-bond""#,
        "channels[0].template: unknown-template: there is no sms template in use \"spring-bond\"; did you mean `spring-bonds`?"
      ),
      (
        #""language": "zh-CN""#, #""language": "en-GB""#,
        "channels[0].template: unknown-language: spring-bonds is there in zh-CN"
      ),
      (
        #""language": "zh-CN""#, #""gateway": "won""#,
        "channels[0].gateway: unknown-gateway: there is no sms gateway \"won\""
      ),
      (
        #""channel": "sms""#, #""channel": "fax""#,
        "channels[0].template: unknown-template: there is no fax template in use"
      ),
      (#""branch": "SH""#, #""branch": "XX""#, "branch: there is no branch of that code."),
      (
        #""branch": "SH""#, #""branch": "BJ""#,
        "\(CampaignDesk.name) is for a branch that is neither yours nor below yours."
      ),
    ])
  func unknown(_ part: String, _ other: String, _ sentence: String) throws {
    try CampaignDesk.open { desk throws in
      let text = CampaignDesk.definition()
      let range = try #require(text.ranges(of: part).first)
      let run = try desk.define(text.replacingCharacters(in: range, other))
      #expect(run.exit == .no && run.err.contains(sentence), "\(run.err)")
      #expect(try desk.desk.lines("select name from campaign").isEmpty)
    }
  }

  @Test(
    "every field that the help names is one",
    arguments: [
      ("Fields of customers: ", "customers", ". Of leads"), ("Of leads: ", "leads", ".\n"),
    ])
  func fields(_ before: String, _ kind: String, _ after: String) throws {
    let help = CommandRun("campaign", "define", "--help").out
    let start = try #require(help.ranges(of: before).first).upperBound
    let end = try #require(help[start...].ranges(of: after).first).lowerBound
    let fields = help[start..<end].split(whereSeparator: { ", \n".contains($0) })
    #expect(fields.count > 10)
    for field in fields {
      let test = field == "list" ? "= x" : "is known"
      _ = try Filter("\(field) \(test)", of: #require(.init(rawValue: kind)))
    }
  }

  @Test("a plan that is over already is refused")
  func over() throws {
    try CampaignDesk.open { desk throws in
      let run = try desk.define(CampaignDesk.definition(end: "2020-01-31T09:30:00+08:00"))
      #expect(run.exit == .no && run.err == "millrace: expires: that is over already.\n", "\(run.err)")
    }
  }

  @Test("from the draft to the launch, each step by whom it is for, and all of them on record")
  func life() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let early = desk.run("submit", name)
      #expect(early.exit == .no && early.err.contains("nobody has seen yet what this version of \(name) would do"))
      try desk.makePreview()
      #expect(desk.run("submit", name, "--note", "ready").rows.first?[2] == "submitted")
      #expect(
        desk.run("approve", name, "--version", "1").err == "millrace: \(name) is your own: somebody else reviews it.\n")
      #expect(desk.review("reject", name).err == "millrace: say why: --note TEXT.\n")
      #expect(
        desk.review("reject", name, "--note", "no control group").rows.first?[2...3] == [
          "rejected", "no control group",
        ])
      try desk.define(CampaignDesk.definition(#""control": {"share": 5}, "#))
      try desk.makePreview()
      #expect(desk.run("submit", name, "--version", "2").exit == .done)
      let old = desk.review("approve", name, "--version", "1")
      #expect(old.exit == .no && old.err.contains("is no longer at version 1"), "\(old.err)")
      #expect(desk.review("approve", name).exit == .usage)
      #expect(desk.review("approve", name, "--version", "2").rows.first?[2] == "approved")
      let shown = desk.run("launch", name)
      #expect(shown.out.contains("54607") && shown.out.contains("Nothing was done."), "\(shown.out)\(shown.err)")
      #expect(try desk.state() == "approved")
      #expect(desk.run("launch", name, "--execute").rows.first?[2] == "scheduled")
      #expect(desk.run("pause", name, "--note", "wrong rate").rows.first?[2...3] == ["paused", "wrong rate"])
      #expect(
        desk.run("extend", name, "--until", "2099-12-31T18:00:00+08:00").rows.first?.last == "2099-12-31T10:00:00Z")
      #expect(desk.run("resume", name).rows.first?[2] == "scheduled")
      #expect(desk.run("cancel", name).out.contains("Nothing was done."))
      #expect(try desk.state() == "scheduled")
      #expect(desk.run("cancel", name, "--note", "withdrawn", "--execute").rows.first?[2] == "cancelled")
      let steps = desk.run("show", name)
      for step in [
        "defined", "rejected", "changed", "approved", "launched", "paused", "extended", "resumed", "cancelled",
      ] {
        #expect(steps.out.contains(step), "\(step)")
      }
      #expect(steps.out.contains("Li (P2)") && steps.out.contains("no control group"))
      #expect(desk.run("show", name, "--json").out.contains(#""definition":{"name": "spring-bonds-2027""#))
    }
  }

  @Test("a step that cannot be taken says where the campaign stands and what to do")
  func wrongSteps() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let sentences = [
        (
          ["launch", name, "--execute"],
          "\(name) is a draft, so that you cannot launch it. Next: `millrace campaign preview"
        ),
        (["launch", name], "\(name) is a draft, so that you cannot launch it."),
        (["pause", name, "--note", "x"], "so that you cannot pause it."),
        (["resume", name], "so that you cannot resume it."),
        (["extend", name, "--until", "2099-12-31T18:00:00+08:00"], "so that you cannot extend it."),
        (["submit", "spring-bond-2027"], "there is no campaign \"spring-bond-2027\"; did you mean `\(name)`?"),
        (["show", "autumn"], "there is no campaign \"autumn\". See `millrace campaign list`."),
      ]
      for (words, sentence) in sentences {
        let run = desk.run(words)
        #expect(run.exit == .no && run.err.contains(sentence), "\(words): \(run.err)")
      }
      #expect(desk.run("extend", name).exit == .usage)
      #expect(desk.run("extend", name, "--until", "tomorrow").exit == .usage)
      #expect(desk.run("submit", name, "--version", "x").exit == .usage)
      try desk.session.run(script: "update person set login = null")
      #expect(desk.run("submit", name).err.contains("your database login belongs to no active person"))
    }
  }

  @Test("an extension has to be later, and a launched campaign no longer changes")
  func launched() throws {
    try CampaignDesk.open { desk throws in
      try desk.approve()
      #expect(desk.run("launch", name, "--execute").exit == .done)
      #expect(
        desk.run("extend", name, "--until", "2098-01-01T00:00:00Z").err
          == "millrace: --until has to be in the future, and after the present end.\n")
      let run = try desk.define(CampaignDesk.definition(#""pace": 5, "#))
      #expect(run.exit == .no && run.err.contains("was launched and no longer changes: `millrace campaign clone"))
      #expect(desk.run("launch", name, "--execute").err.contains("is launched and waits for its start"))
    }
  }

  @Test("a copy differs in name and times alone; it is printed, or stored")
  func clone() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let printed = desk.run("clone", name, "autumn")
      #expect(printed.out == CampaignDesk.definition(name: "autumn") + "\n", "\(printed.err)")
      #expect(try desk.desk.lines("select name from campaign").count == 1)
      let run = desk.run(
        "clone", name, "autumn", "--starts", "2099-09-01T09:00:00+08:00", "--expires", "2099-09-30T18:00:00+08:00",
        "--define")
      #expect(run.rows.first == ["autumn", "1", "draft", "defined"], "\(run.err)")
      #expect(
        try desk.desk.lines("select starts_at || ' ' || expires_at from campaign where name = 'autumn'").count == 1)
      #expect(
        desk.run("show", "autumn", "--definition").out.contains(
          #""expires": "2099-09-30T18:00:00+08:00", "starts": "2099-09-01T09:00:00+08:00"}"#))
      let again = desk.run("clone", "autumn", "winter", "--starts", "2099-10-01T09:00:00+08:00")
      #expect(again.exit == .no && again.err.contains("expires: out-of-order"), "\(again.out)")
      #expect(
        desk.run("clone", name, "autumn", "--define").err == "millrace: there is a campaign \"autumn\" already.\n")
      #expect(desk.run("clone", name, "Autumn!").err.contains("name: not-a-name"))
      try desk.session.run(
        script:
          "update campaign set definition = replace(definition, '2099-03', '2020-03') where name = 'spring-bonds-2027'")
      #expect(desk.run("clone", name, "old", "--define").err.contains("is over: say another with --expires TIME"))
    }
  }

  @Test("campaigns are listed with what has become of their recipients")
  func list() throws {
    try CampaignDesk.open { desk throws in
      #expect(desk.run("list").out == "There is no such campaign. `millrace campaign define FILE` makes one.\n")
      try desk.define()
      try desk.session.run(
        script: """
          insert into campaign_count select id, 0, 'sms', s, '', 1000 from campaign,
            unnest('{queued,accepted,delivered,failed,skipped,held-out,assigned,overdue,done}'::text[]) s
          """)
      let rows = desk.run("list", "--state", "draft").rows
      #expect(rows.first?.suffix(7) == ["9,000", "1,000", "2,000", "1,000", "2,000", "2,000", "1,000"], "\(rows)")
      #expect(desk.run("list", "--state", "running").rows.isEmpty)
      #expect(desk.run("list", "--state", "walking").exit == .usage)
      #expect(desk.run("list", "--json").out.contains(#""people":9000,"queued":1000"#))
    }
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, _ other: String) -> String {
    var copy = self
    copy.replaceSubrange(range, with: other)
    return copy
  }
}
