import Glibc
import Postgres
import TestKit
import Testing

@testable import millrace

/// `campaign report` on tables as roll-up-metrics leaves them.
@Suite struct EvaluationReadingTests {
  private let name = CampaignDesk.name

  /// Ten people: five reached, one failed, two skipped, two left alone. Midnight in Shanghai lies between its two hours of sending.
  private static let figures = """
    update branch set time_zone = 'Asia/Shanghai';
    update campaign set state = 'finished', time_zone = 'Asia/Shanghai', launched_at = '2027-03-01T15:00:00Z', settled_at = '2027-03-09T00:00:00Z';
    insert into campaign_people (campaign_id, variant, channel, region, branch_id, state, reason, people)
    select c.id, p.* from campaign c, (values
      (0, 'sms', 'CN-SH', 2, 'delivered', '', 3), (1, 'sms', 'CN-BJ', 3, 'accepted', '', 2), (1, 'email', 'CN-BJ', 3, 'failed', 'not-delivered', 1),
      (0, '', '', 2, 'skipped', 'opted-out', 2), (0, '', 'CN-SH', 2, 'held-out', '', 2)) p (v, ch, r, b, s, w, n);
    insert into campaign_figure (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount)
    select c.id, f.* from campaign c, (values
      ('2027-03-01T15:00:00Z'::timestamptz, 'sms', 0, 'CN-SH', 2, 'accepted', '', 'CNY', 3, 4, 0.18),
      ('2027-03-01T16:00:00Z', 'sms', 1, 'CN-BJ', 3, 'accepted', '', 'HKD', 2, 2, 0.5), ('2027-03-01T16:00:00Z', 'email', 1, 'CN-BJ', 3, 'accepted', '', '', 1, 0, 0),
      ('2027-03-01T16:00:00Z', 'sms', 0, 'CN-SH', 2, 'delivered', '', '', 3, 0, 0), ('2027-03-01T17:00:00Z', 'email', 1, 'CN-BJ', 3, 'failed', 'not-delivered', '', 1, 0, 0),
      ('2027-03-02T01:00:00Z', 'sms', 0, 'CN-SH', 2, 'clicked', '', '', 2, 0, 0), ('2027-03-02T01:00:00Z', 'sms', 0, 'CN-SH', 2, 'machine-clicked', '', '', 5, 0, 0),
      ('2027-03-02T01:00:00Z', 'sms', 0, 'CN-SH', 2, 'responded', '', '', 2, 0, 0), ('2027-03-02T03:00:00Z', 'sms', 0, 'CN-SH', 2, 'replied', '', '', 1, 0, 0),
      ('2027-03-02T02:00:00Z', 'sms', 0, 'CN-SH', 2, 'unsubscribed', 'keyword', '', 1, 0, 0)) f;
    insert into conversion_credit (conversion_id, campaign_id, subject, message_id, kind, is_goal, standing, channel, variant, region, branch_id,
      touched_at, converted_at, share, amount, currency)
    select k.fact, c.id, k.subject, k.message, k.kind, k.goal, k.standing, k.channel, k.variant, k.region, k.branch, null, k.at::timestamptz, k.share,
      k.amount, k.currency
    from campaign c, (values
      (1, 11, 101, 'assets-added', true, 'credited', 'sms', 0, 'CN-SH', 2, '2027-03-03T01:10:00Z', 0.5, 1000.5, 'CNY'),
      (2, 12, 102, 'assets-added', true, 'credited', 'sms', 0, 'CN-SH', 2, '2027-03-03T01:20:00Z', 1, 500, 'CNY'),
      (3, 19, 0, 'assets-added', true, 'held-out', '', 0, 'CN-SH', 2, '2027-03-03T01:30:00Z', 0, 70, 'CNY'),
      (4, 13, 103, 'assets-added', true, 'before-send', 'sms', 0, 'CN-SH', 2, '2027-03-01T15:10:00Z', 0, 10, 'CNY'),
      (5, 11, 101, 'contacted', false, 'credited', 'sms', 0, 'CN-SH', 2, '2027-03-02T02:30:00Z', 1, null, ''),
      (6, 11, 101, 'earned', false, 'credited', 'sms', 0, 'CN-SH', 2, '2027-03-04T02:30:00Z', 1, 3.18, 'CNY')
      ) k (fact, subject, message, kind, goal, standing, channel, variant, region, branch, at, share, amount, currency);
    insert into campaign_assets (campaign_id, day, is_control, variant, currency, people, baseline, assets, squares)
    select c.id, a.* from campaign c, (values
      ('2027-03-02'::date, false, 0, 'CNY', 3, 300, 360, 1400), ('2027-03-02', false, 1, 'CNY', 2, 200, 240, 1000), ('2027-03-02', true, 0, 'CNY', 2, 100, 110, 58)) a;
    insert into position (worker, topic, partition, next_offset, last_time) values ('roll-up-metrics', 'outreach.outcomes', 0, 9, 1772500000000);
    """

  private func withFigures(_ body: (CampaignDesk) throws -> Void) throws {
    try CampaignDesk.open { desk throws in
      try desk.define(
        CampaignDesk.definition(
          #""targets": {"reach": 4, "assets": {"amount": "3000", "currency": "CNY"}}, "conversion": {"by": "assets-added", "within": "P30D", "credit": "even"}, "#
        ))
      try desk.session.run(script: Self.figures)
      try body(desk)
    }
  }

  private func evaluation(_ desk: CampaignDesk) throws -> Evaluation { try EvaluationReading.read(name, desk.session) }

  @Test("people, messages, conversions and money are those of the tables, by everything that tells them apart")
  func counts() throws {
    try withFigures { desk throws in
      let found = try evaluation(desk)
      let total = found.total
      #expect(
        [total.targeted, total.heldOut, total.written, total.reached, total.failed, total.skipped, total.waiting] == [
          10, 2, 6, 5, 1, 2, 0,
        ])
      #expect(
        [
          total.sent, total.parts, total.delivered, total.bounced, total.clicked, total.machineClicked,
          total.unsubscribed, total.replied, total.responded,
        ] == [6, 6, 3, 1, 2, 5, 1, 1, 2])
      #expect(total.converted == 1.5 && total.contacted == 1)
      #expect(
        total.cost.map { "\($0)" } == ["0.18 CNY", "0.50 HKD"] && total.amount.map { "\($0)" } == ["1500.50 CNY"])
      #expect(
        total.revenue.map { "\($0)" } == ["3.18 CNY"] && total.costPerConversion.first.map { "\($0)" } == "0.12 CNY")
      #expect(total.returns.first.map { ($0.ratio * 1000).rounded() } == 16_667)
      #expect(found.channels.map(\.key) == ["sms", "", "email"] && found.channels[0].counts.reached == 5)
      #expect(found.regions.map(\.key) == ["CN-SH", "CN-BJ", ""] && found.branches.map(\.key) == ["SH", "BJ"])
      #expect(found.branches[0].counts.converted == 1.5 && found.branches[1].counts.bounced == 1)
      #expect(found.variants.map { $0.counts.targeted } == [7, 3])
      // Every way of telling apart adds up to the whole.
      for rows in [found.channels, found.regions, found.branches, found.variants] {
        #expect(rows.reduce(into: EvaluationCounts()) { $0.add($1.counts) } == total)
      }
      #expect(
        found.hours.map(\.key) == [
          "2027-03-01 23", "2027-03-02 00", "2027-03-02 01", "2027-03-02 09", "2027-03-02 10", "2027-03-02 11",
          "2027-03-03 09",
          "2027-03-04 10",
        ])
      #expect(found.hours.map { $0.counts.sent } == [3, 3, 0, 0, 0, 0, 0, 0])
      #expect(
        found.endings.map { "\($0.state) \($0.reason) \($0.people)" } == [
          "skipped opted-out 2", "failed not-delivered 1",
        ])
      #expect(
        found.conversions.map { "\($0.kind) \($0.standing) \($0.facts)" } == [
          "assets-added before-send 1", "assets-added credited 2", "assets-added held-out 1", "contacted credited 1",
          "earned credited 1",
        ])
      #expect(found.freshness.map(\.topic) == ["outreach.outcomes"])
      #expect(
        found.plan.targets.reach == 4 && found.plan.variants == ["a", "b"] && found.plan.conversion == "assets-added")
    }
  }

  @Test("what the views for dashboards say is what the report says")
  func views() throws {
    try withFigures { desk throws in
      let found = try evaluation(desk)
      let sums = try desk.session.rows(
        """
        select sum(sent)::bigint, sum(parts)::bigint, sum(delivered)::bigint, sum(bounced)::bigint, sum(clicked)::bigint, sum(machine_clicked)::bigint,
          sum(contacted)::bigint, sum(converted)::float8, round(sum(amount), 4)::text, round(sum(revenue), 4)::text, sum(replied)::bigint,
          sum(responded)::bigint
        from bi_campaign_hour
        """)[0]
      let total = found.total
      #expect(
        (0..<7).map { sums.integer($0) } == [
          total.sent, total.parts, total.delivered, total.bounced, total.clicked, total.machineClicked, total.contacted,
        ])
      #expect(sums.integer(10) == total.replied && sums.integer(11) == total.responded)
      #expect(sums.double(7) == total.converted && sums.text(8) == "1500.5000" && sums.text(9) == "3.1800")
      let lift = try #require(found.lift)
      let shown = try desk.session.rows(
        "select lift::float8, lift_low::float8, lift_high::float8 from bi_campaign_lift")[0]
      for (own, theirs) in zip([lift.difference, lift.low, lift.high], (0..<3).map { shown.double($0) }) {
        #expect(abs(own - theirs) < 1e-9)
      }
      let assets = try #require(found.assetsLift.first)
      let view = try desk.session.rows(
        "select lift::float8, lift_low::float8, lift_high::float8, incremental::float8 from bi_campaign_assets_lift")[0]
      let interval = try #require(assets.interval)
      for (own, theirs) in zip(
        [assets.difference ?? .nan, interval.low, interval.high], (0..<3).map { view.double($0) })
      { #expect(abs(own - theirs) < 1e-6, "\(own) \(theirs)") }
      #expect(assets.incremental.map { "\($0)" } == "75.00 CNY" && view.double(3) == 75)
    }
  }

  @Test("tasks are read as they stand, and whom one did not reach is not among those reached")
  func tasks() throws {
    try withFigures { desk throws in
      try desk.session.run(
        script: """
          insert into campaign_recipient (campaign_id, subject, variant, state, reason, place, channel, is_open, changed_at, branch_id)
          select c.id, n, 0, 'done', 'contacted', 0, 'manager', false, now(), 2 from campaign c, generate_series(1, 5) n;
          insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, script, due_at, state, outcome, settled_at)
          select c.id, t.*, now() from campaign c, (values
            (1, 0, 'x', 't', 'lead', '1', 's', now() + interval '1 day', 'done', 'contacted'),
            (2, 0, 'x', 't', 'lead', '2', 's', now() - interval '1 day', 'done', 'contacted'),
            (3, 0, 'x', 't', 'lead', '3', 's', now(), 'done', 'unreachable'),
            (4, 0, 'x', 't', 'lead', '4', 's', now(), 'cancelled', 'erased')) t (subject, place, campaign, title, kind, name, script, due, state, outcome);
          insert into campaign_people (campaign_id, variant, channel, region, branch_id, state, reason, people)
          select c.id, 0, 'manager', '', 2, p.* from campaign c, (values ('done', 'contacted', 2), ('done', 'unreachable', 1)) p (state, reason, people);
          """)
      let found = try evaluation(desk)
      #expect(
        found.tasks.map { "\($0.state) \($0.outcome) \($0.tasks) \($0.late)" } == [
          "done contacted 2 1", "done unreachable 1 0", "cancelled erased 1 0",
        ])
      let managers = found.channels.first { $0.key == "manager" }?.counts
      #expect(managers?.written == 3 && managers?.reached == 2)
      #expect(desk.run("report", name, "--as", "csv").out.contains("tasks,done,contacted,late,1,"))
    }
  }

  @Test("a report is given in each form, by name and by number, to the terminal and to a file for its owner alone")
  func forms() throws {
    try withFigures { desk throws in
      let run = desk.run("report", name)
      #expect(run.exit == .done && run.out.contains("Spring bonds") && run.out.contains("opted-out"), "\(run.err)")
      let id = try desk.desk.lines("select id::text from campaign")[0]
      for run in [desk.run("report", id, "--json"), desk.run("report", name, "--as", "json")] {
        #expect(
          run.out.hasPrefix("[\n{\"campaign\":\"\(name)\"") && run.out.contains(#"{"stage":"reached","people":5,"#))
      }
      #expect(desk.run("report", name, "--as", "csv").out.contains("total,\(name),,reached,5,"))
      try temporaryFile("old") { path in
        let page = desk.run("report", name, "--as", "html", "--out", path)
        #expect(page.exit == .done && page.out.contains("\(path)#zh"), "\(page.err)")
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let written = String(decoding: try InputFiles.contents(of: path), as: UTF8.self)
        #expect(written.contains("<b>5</b>"))
      }
      #expect(desk.run("report", name, "--as", "pdf").exit == .usage)
      #expect(desk.run("report", name, "--as", "csv", "--json").exit == .usage)
      #expect(desk.run("report", name, "--out", "/nowhere/x").err.contains("cannot be written"))
    }
  }

  @Test("what was never launched has no report, and an unknown name is answered with the one that may have been meant")
  func none() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let run = desk.run("report", name)
      #expect(
        run.exit == .no && run.err.contains("\(name) was not launched, so that nothing came of it."), "\(run.err)")
      #expect(desk.run("report", "spring-bond-2027").err.contains("did you mean `\(name)`?"))
      #expect(desk.run("report", "99").err.contains("there is no campaign \"99\""))
    }
  }

  @Test("it stands beside earlier campaigns of the same objective, and no others")
  func earlier() throws {
    try withFigures { desk throws in
      try desk.session.run(
        script: """
          insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state, launched_at)
          select n, replace(replace(definition, 'Spring bonds', n), 'cross-sell', o), branch_id, author_id, owner_id, starts_at, expires_at,
            time_zone, 'finished', at::timestamptz
          from campaign, (values ('before', 'cross-sell', '2026-03-01T00:00:00Z'), ('after', 'cross-sell', '2028-03-01T00:00:00Z'),
            ('other', 'churn', '2026-03-01T00:00:00Z')) v (n, o, at);
          insert into campaign_people (campaign_id, variant, channel, region, branch_id, state, reason, people)
          select id, 0, 'sms', '', 2, 'delivered', '', 7 from campaign where name = 'before'
          on conflict (campaign_id, variant, channel, region, branch_id, state, reason) do update set people = 7;
          """)
      let found = try evaluation(desk)
      #expect(found.earlier.map(\.name) == ["before"] && found.earlier[0].counts.reached == 7)
    }
  }
}
