import Postgres
import Testing

@testable import launch_campaigns

/// Campaigns that are meant for lists.
@Suite struct ListTests {
  /// Seven of the twelve customers.
  private static let list = """
    insert into audience_list (id, name, key, columns, branch_id, author_id, whole_at) overriding system value values
      (1, 'guests', 'phone', '{seat}', 1, 1, now());
    insert into audience_member (list_id, of_leads, subject, told) select 1, false, n, array['T' || n] from generate_series(1, 7) n;
    """

  private func preview(_ desk: CampaignDesk) throws -> String {
    try desk.session.run(script: "insert into campaign_preview (campaign_id, version) select id, version from campaign")
    _ = try desk.preview()
    return try desk.lines(
      """
      select coalesce(failure, concat_ws(' ', result::json ->> 'audience', result::json ->> 'recipients', result::json ->> 'excluded'))
      from campaign_preview order by id desc limit 1
      """)[0]
  }

  @Test("a list's people are counted and written to, however small the pages", arguments: [1, 2, 1000])
  func expanded(_ size: Int) async throws {
    try await CampaignDesk.open(ExpansionTests.customers + Self.list) { desk in
      let definition = CampaignDesk.definition(
        filter: "list = guests", more: #", "exclude": "language = en-GB and list != other""#)
      try desk.session.run(
        script: """
          insert into audience_list (id, name, key, branch_id, author_id, whole_at) overriding system value
            values (2, 'other', 'phone', 1, 1, now());
          insert into audience_member (list_id, of_leads, subject) values (2, false, 2);
          """)
      try desk.plan(1, "running", definition, expanded: false)
      #expect(try self.preview(desk) == "5 3 2")
      while try !desk.expand(size).isEmpty {}
      #expect(
        try desk.lines("select concat_ws(' ', subject, state, reason) from campaign_recipient order by subject")
          == ["1 queued", "2 queued", "3 skipped no-address", "5 skipped duplicate-address", "7 queued"])
    }
  }

  @Test("what a list says is in the message, and masked in the preview")
  func told() async throws {
    let template =
      "insert into template (name, channel, language, text) values ('seat', 'sms', 'zh-CN', '{{name}}您好，{{seat}}号');"
    try await CampaignDesk.open(ExpansionTests.customers + Self.list + template) { desk in
      let definition = CampaignDesk.definition(
        channels: #"[{"channel": "sms", "template": "seat", "language": "zh-CN"}]"#,
        filter: "list = guests and level = gold and region = CN-SH", more: #", "columnsOf": "guests""#)
      try desk.plan(1, "running", definition, expanded: false)
      #expect(try self.preview(desk) == "5 3 0")
      #expect(
        try desk.lines("select result::json -> 'samples' -> 0 ->> 'text' from campaign_preview") == ["N**您好，T*号"])
      while try !desk.expand().isEmpty {}
      #expect(
        try desk.lines("select body from message order by customer_id") == ["N1您好，T1号", "N2您好，T2号", "N7您好，T7号"])
    }
  }

  @Test("what a plan names and is not there is told before it goes, and a campaign that goes pauses itself")
  func missing() async throws {
    try await CampaignDesk.open(ExpansionTests.customers + Self.list) { desk in
      try desk.plan(1, "running", CampaignDesk.definition(filter: "list = guests"), expanded: false)
      #expect(try self.preview(desk) == "7 4 0")
      #expect(try desk.expand() == ["begun"])
      #expect(try desk.expand(2) == ["queued", "queued", "page"])
      // No command does that: a list that a campaign names is not removed.
      try desk.session.run(script: "update audience_list set whole_at = null")
      let sentence = "audience.customers: unknown-list: line 1, column 8: there is no list `guests`"
      #expect(try self.preview(desk) == sentence)
      #expect(try desk.expand() == ["paused"])
      #expect(try desk.steps(1) == ["paused running paused definition: \(sentence)"])
      try desk.session.run(script: "update audience_list set whole_at = now(); update campaign set state = 'running'")
      #expect(try desk.expand().count == 6)
      #expect(try desk.state(1) == "running expanded")
    }
  }
}
