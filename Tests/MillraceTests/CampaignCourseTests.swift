import Postgres
import TestKit
import Testing

@testable import millrace

/// What the command tells of campaigns that go on by themselves.
@Suite struct CampaignCourseTests {
  private let name = CampaignDesk.name

  /// A plan that runs, with an occasion of today that has 5 people, of whom 2 were written to, and one that is over.
  private func plan(_ desk: CampaignDesk) throws {
    let run = try desk.define(
      CampaignDesk.definition(
        #""every": {"at": "09:00", "weekdays": ["mon", "fri"], "open": "PT11H", "again": "P300D"}, "cap": {"messages": 2, "within": "P7D"}, "#
      ))
    try #require(run.err.isEmpty, "\(run.err)")
    try desk.session.run(
      script: """
        update campaign set state = 'running', launched_at = now(), next_at = '2098-05-02 01:00+00';
        insert into campaign (name, definition, state, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, launched_at, parent_id,
          day, settled_at)
        select c.name || '/2027-05-0' || n, definition, case n when 1 then 'finished' else 'running' end, branch_id, author_id, owner_id, now(),
          now() + interval '1 day', time_zone, now(), c.id, '2027-04-30'::date + n, case n when 1 then now() end
        from campaign c, generate_series(1, 2) n;
        insert into campaign_count
        select id, 0, 'sms', k.stands, '', k.people from campaign, (values ('queued', 3), ('accepted', 2)) k (stands, people) where day = '2027-05-02'
        union all select id, 0, 'sms', 'delivered', '', 7 from campaign where day = '2027-05-01';
        """)
  }

  @Test("occasions are counted with their plan, told with it, and listed by it")
  func occasions() throws {
    try CampaignDesk.open { desk throws in
      try plan(desk)
      let list = desk.run("list").out
      #expect(list.split(separator: "\n").count == 2 && list.contains("12        3      9"), "\(list)")
      let days = desk.run("list", "--of", name).out
      #expect(days.contains("\(name)/2027-05-02") && days.contains("\(name)/2027-05-01"), "\(days)")
      #expect(desk.run("list", "--of", "spring").err.contains("there is no campaign"))
      for words in [["show", name], ["status", name]] {
        let run = desk.run(words)
        #expect(run.out.contains("It comes again at 2098-05-02T01:00:00Z."), "\(run.out)\(run.err)")
        #expect(run.out.contains("\(name)/2027-05-02   running"), "\(run.out)")
      }
      #expect(
        desk.run("show", name).out.contains("each Monday, Friday at 09:00, open for 11 h; nobody again within 300 days")
      )
      #expect(desk.run("show", name).out.contains("nobody who had 2 by the channel within 7 days"))
      #expect(!desk.run("status", name).out.contains("nobody of its audience has a row yet"))
      let json = desk.run("status", name, "--json").out
      #expect(
        json.contains(#""next":"2098-05-02T01:00:00.000000Z""#) && json.contains(#""done":9,"left":3"#), "\(json)")
      #expect(desk.run("show", name + "/2027-05-02", "--json").out.contains(#""plan":"\#(name)""#))
      // What would not be sent any more is what waits of its occasions.
      #expect(
        desk.run("cancel", name).out.contains("running      9                   3"), "\(desk.run("cancel", name).out)")
    }
  }

  @Test("of one that people join it is said until when, and how many wait to be looked at")
  func joined() throws {
    try CampaignDesk.open { desk throws in
      let run = try desk.define(CampaignDesk.definition(#""joining": true, "#))
      try #require(run.err.isEmpty, "\(run.err)")
      try desk.session.run(
        script: """
          update campaign set state = 'running', launched_at = now(), expanded_at = now();
          insert into campaign_joiner (campaign_id, subject) select id, n from campaign, generate_series(1, 1200) n;
          """)
      let said = desk.run("status", name).out
      #expect(
        said.contains("People join it until 2099-03-31T10:00:00Z. 1,200 changed people wait to be looked at."),
        "\(said)")
      #expect(desk.run("show", name).out.contains("whoever comes to fulfil this until it expires"))
    }
  }
}
