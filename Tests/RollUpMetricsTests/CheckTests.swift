import Contract
import Postgres
import Synchronization
import TestKit
import Testing
import Topics
import Values

@testable import roll_up_metrics

/// What `campaign verify` finds and `campaign rebuild` mends.
@Suite struct CheckTests {
  private static let goal = #"{"by": "assets-added", "within": "P10D", "credit": "even"}"#

  /// Two people and one of the control group; all is as it should be.
  private func world(_ desk: FigureDesk) throws {
    try desk.campaign(1, goal: Self.goal)
    for subject in Int64(1)...2 { try desk.recipient(1, subject) }
    try desk.recipient(1, 3, state: "held-out")
    try desk.session.run(script: "update campaign_recipient set message_id = 1000 + subject where state <> 'held-out'")
    try desk.accept(1, 1, at: 60)
    try desk.session.run(script: "update message set cost = 0.05, currency = 'CNY' where id = 1001")
    try desk.hear(desk.told(.accepted, 1, 1, at: 60, cost: yuan("0.05"), parts: 1))
    try desk.value([(CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(90)), id: "1")])
    try desk.attribute()
    try desk.countPeople()
  }

  @Test("whatever is wrong is found, each with what it is and what it should be; what is right is not")
  func found() async throws {
    try await FigureDesk.open { desk in
      try world(desk)
      #expect(try desk.differences(1) == [])
      let wrongs: [(String, Statement, Statement)] = [
        (
          "figure | 2027-05-01 00:00 sms, variant 0, CN-JS, branch 2, accepted CNY | 2 events, 1 parts, 0.0500 | 1 events, 1 parts, 0.0500",
          "update campaign_figure set events = 2", "update campaign_figure set events = 1"
        ),
        (
          "people | variant 0 CN-JS branch 2 held-out  | 7 | 1",
          "update campaign_people set people = 7 where state = 'held-out'",
          "update campaign_people set people = 1 where state = 'held-out'"
        ),
        (
          "count | variant 0 held-out  | 7 | 1", "update campaign_count set recipients = 7 where state = 'held-out'",
          "update campaign_count set recipients = 1 where state = 'held-out'"
        ),
        (
          "credit | conversion 1, message 1001 | credited 0.500000 5.0000 | credited 1.000000 5.0000",
          "update conversion_credit set share = 0.5", "update conversion_credit set share = 1"
        ),
        (
          "message | 1002 | nothing heard | delivered", "update message set state = 'delivered' where id = 1002",
          "update message set state = 'queued' where id = 1002"
        ),
        (
          "message | 1001 | accepted | accepted 0.070000", "update message set cost = 0.07 where id = 1001",
          "update message set cost = 0.05 where id = 1001"
        ),
      ]
      for (line, wrong, right) in wrongs {
        _ = try desk.session.rows(wrong)
        #expect(try desk.differences(1) == [line])
        _ = try desk.session.rows(right)
      }
      #expect(try desk.differences(1) == [])
      // Counted twice, everywhere alike: only the ledger knows.
      try desk.hear(desk.told(.accepted, 1, 1, at: 60, cost: yuan("0.05"), parts: 1))
      #expect(try desk.differences(1) == ["message | 1001 | accepted | accepted 0.050000"])
    }
  }

  @Test("what is made again is right, whatever was wrong, and of other campaigns nothing is touched")
  func rebuilt() async throws {
    try await FigureDesk.open { desk in
      try world(desk)
      let right = (try desk.figures(), try desk.credits())
      try desk.campaign(2)
      try desk.session.run(
        script: """
          insert into campaign_figure select 2, hour, channel, variant, region, branch_id, what, reason, currency, 3, 0, 0 from campaign_figure;
          update campaign_figure set events = 9, amount = 3 where campaign_id = 1;
          insert into campaign_figure select 1, hour, channel, variant, region, branch_id, 'opened', '', '', 3, 0, 0 from campaign_figure
            where campaign_id = 1;
          delete from campaign_people; delete from conversion_credit;
          """)
      #expect(try desk.lines("select rebuild_campaign('c1')") == ["done"])
      try desk.attribute()
      #expect(try desk.differences(1) == [])
      #expect(try desk.credits() == right.1)
      #expect(try desk.figures() == right.0 + ["2 00 sms v0 CN-JS 2 accepted: 3, 0.0000 CNY"])
      #expect(try desk.lines("select rebuild_campaign('c9')") == ["unknown-campaign"])
    }
  }

  @Test("figures are made again while events arrive, and not one is lost or counted twice")
  func meanwhile() async throws {
    try await TestDatabase.with { (database: TestDatabase) async throws in
      try await onThread {
        let desk = try FigureDesk(database)
        try desk.session.run(script: FigureDesk.firm)
        try desk.campaign(1)
        for subject in Int64(1)...9 { try desk.recipient(1, subject) }
      }
      let course = Course()
      // Until the last time that they were made again, and once more: what that lost, nothing would mend.
      async let hearing: Int = onThread {
        let desk = try FigureDesk(database)
        var batches = 0
        repeat {
          let isLast = course.isMended
          try desk.hear((1...9).map { desk.told(.opened, 1, $0, at: 60, machine: batches % 2 == 0) })
          batches += 1
          course.add()
          if isLast { return batches }
        } while true
      }
      async let rebuilding: Void = onThread {
        defer { course.mend() }
        let session = try database.connect()
        var turn = 0
        // As often as it takes for several batches to come in between.
        while turn < 30 || course.batches < 3 && turn < 10_000 {
          defer { turn += 1 }
          // Wrong, and made right in two transactions, as somebody would find and mend it.
          if turn % 4 == 0 {
            _ = try session.rows("update campaign_figure set events = events + 1 where what = 'opened'")
          }
          _ = try session.rows("select rebuild_campaign('c1')")
        }
      }
      let (batches, _) = try await (hearing, rebuilding)
      #expect(batches > 2)
      try await onThread {
        let desk = try FigureDesk(database)
        #expect(try desk.lines("select sum(events)::text from campaign_figure") == [String(9 * batches)])
        #expect(try desk.lines("select count(*)::text from figure_differences(1)") == ["0"])
      }
    }
  }

  @Test("assets are compared with what there was before the launch, and again when values come late")
  func assets() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      // Launched two days ago; the test's own days lie in the future.
      try desk.session.run(script: "update campaign set launched_at = now() - interval '2 days'")
      for subject in Int64(1)...4 { try desk.recipient(1, subject, state: subject > 2 ? "held-out" : "queued") }
      try desk.session.run(
        script: """
          insert into customer_value select 'C' || n, (now() at time zone 'UTC')::date - d, 'CNY', now() - d * interval '1 day',
            1000 * n + case when n < 3 and d < 2 then 10 * n else 0 end
          from generate_series(1, 4) n cross join (values (5), (1)) v (d);
          -- Nobody knows what they had before.
          delete from customer_value where customer = 'C4' and day < (now() at time zone 'UTC')::date - 2;
          insert into customer_value_day select distinct day, now() from customer_value;
          """)
      try desk.compareAssets()
      let assets: Statement = """
        select concat_ws(' ', (now() at time zone 'UTC')::date - day, is_control, currency, people, baseline::numeric(9, 2), assets::numeric(9, 2),
          squares::numeric(9, 2)) from campaign_assets order by 1
        """
      #expect(
        try desk.lines(assets) == ["1 f CNY 2 3000.00 3030.00 500.00", "1 t CNY 1 3000.00 3000.00 0.00"])
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', treated, control, lift::numeric(9, 2), incremental::numeric(9, 2), lift_low is null) from bi_campaign_assets_lift
          """) == ["2 1 15.00 30.00 t"])
      try desk.session.run(
        script: """
          update customer_value set amount = amount - 4 where customer = 'C1' and day < (now() at time zone 'UTC')::date - 2;
          update customer_value_day set told_at = now() where day < (now() at time zone 'UTC')::date - 2;
          update campaign_assets_day set compared_at = compared_at - interval '1 hour';
          """)
      try desk.compareAssets()
      #expect(
        try desk.lines(assets) == ["1 f CNY 2 2996.00 3030.00 596.00", "1 t CNY 1 3000.00 3000.00 0.00"])
    }
  }

  @Test("views hold no number of anybody, and a role that may do nothing else reads them")
  func views() async throws {
    try await FigureDesk.open { desk in
      try world(desk)
      _ = try desk.session.rows("set role millrace_bi")
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', campaign, channel, variant, region, branch, currency, sent, parts, cost::numeric(9, 4), converted, amount)
          from bi_campaign_hour
          """) == ["c1 sms 0 CN-JS SH CNY 1 1 0.0500 1.000000 5.0000"])
      #expect(
        try desk.lines("select concat_ws(' ', name, title, variants, conversion_kind, credit) from bi_campaign") == [
          "c1 Spring {a} assets-added even"
        ])
      #expect(
        try desk.lines(
          "select concat_ws(' ', treated, control, treated_converted, control_converted, lift::numeric(9, 2)) from bi_campaign_lift"
        ) == [
          "2 1 1 0 0.50"
        ])
      #expect(
        try desk.lines(
          """
          select table_name || '.' || column_name from information_schema.columns
          where table_name like 'bi\\_%' and column_name in ('subject', 'phone', 'customer', 'lead_id', 'message_id', 'email', 'name') order by 1
          """) == ["bi_campaign.name"])
      #expect(throws: PostgresError.self) { try desk.lines("select customer from conversion") }
      _ = try desk.session.rows("reset role")
    }
  }
}

/// What one thread has done, seen by another.
private final class Course: Sendable {
  private let heard = Atomic(0)
  private let mended = Atomic(false)

  var batches: Int { heard.load(ordering: .acquiring) }
  var isMended: Bool { mended.load(ordering: .acquiring) }
  func add() { heard.add(1, ordering: .acquiringAndReleasing) }
  func mend() { mended.store(true, ordering: .releasing) }
}
