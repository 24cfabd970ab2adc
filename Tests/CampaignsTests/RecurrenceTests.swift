import Postgres
import Testing
import Values

@testable import Campaigns

/// Campaigns that come again: when, and for whom.
@Suite struct RecurrenceTests {
  private func recurrence(_ every: String, _ more: String = "") throws -> Recurrence? {
    let definition = try CampaignDefinition.of("birthday = today", .customers, #", "every": \#(every)\#(more)"#)
    guard case .every(let recurrence) = definition.course else { return nil }
    return recurrence
  }

  @Test("what a plan says of its days is read")
  func read() throws {
    let least = try #require(try recurrence(#"{"at": "09:00"}"#))
    #expect(least.at == "09:00" && least.weekdays.isEmpty && least.days.isEmpty)
    #expect(least.open == .seconds(86_400) && least.again == nil)
    let weekly = try #require(
      try recurrence(#"{"at": "23:59", "weekdays": ["fri", "mon", "fri"], "open": "PT5H", "again": "P300D"}"#))
    #expect(weekly.weekdays == [.mon, .fri] && weekly.open == .seconds(18_000))
    #expect(weekly.again == .seconds(300 * 86_400))
    #expect(try recurrence(#"{"at": "00:00", "days": [31, 1, 15, 1]}"#)?.days == [1, 15, 31])
  }

  @Test(
    "what cannot be is refused with its path",
    arguments: [
      (#"{}"#, "every.at missing"), (#"{"at": "9:00"}"#, "every.at not-a-time"),
      (#"{"at": "24:00"}"#, "every.at not-a-time"),
      (#"{"at": "09-00"}"#, "every.at not-a-time"), (#"{"at": "+9:00"}"#, "every.at not-a-time"),
      (#"{"at": "09:60"}"#, "every.at not-a-time"),
      (#"{"at": "09:00", "weekdays": ["monday"]}"#, "every.weekdays unknown-word"),
      (#"{"at": "09:00", "weekdays": []}"#, "every.weekdays too-few"),
      (#"{"at": "09:00", "days": [0]}"#, "every.days out-of-range"),
      (#"{"at": "09:00", "days": [32]}"#, "every.days out-of-range"),
      (#"{"at": "09:00", "days": []}"#, "every.days wrong-type"),
      (#"{"at": "09:00", "days": [1], "weekdays": ["mon"]}"#, "every.days wrong-parts"),
      (#"{"at": "09:00", "open": "PT1M"}"#, "every.open out-of-range"),
      (#"{"at": "09:00", "again": "P1Y"}"#, "every.again not-a-period"),
      (#"{"at": "09:00", "when": 1}"#, "every.when unknown-field"),
      (#"{"at": "09:00"}, "joining": true"#, "every wrong-parts"),
    ])
  func refused(_ every: String, _ reason: String) throws {
    do {
      _ = try recurrence(every)
      Issue.record("\(every) was taken")
    } catch let refusal as Refusal {
      #expect("\(refusal.path) \(refusal.reason)" == reason)
    }
  }

  @Test("days follow the clock of the branch, over months that are too short and clocks that are put forward or back")
  func days() throws {
    try Firm.open { (firm: Firm) throws in
      func days(_ every: String, _ zone: String, _ first: String, _ last: String) throws -> [String] {
        try firm.session.rows(
          """
          select to_char(o.day, 'MM-DD') || to_char(o.at at time zone 'UTC', ' DD HH24:MI')
          from occasions($1::text::jsonb, $2, $3::text::date, $4::text::date) o
          """
        ) {
          $0.text(every)
          $0.text(zone)
          $0.text(first)
          $0.text(last)
        }.map { $0.text(0) }
      }
      let daily = #"{"at": "02:30"}"#
      #expect(
        try days(daily, "America/New_York", "2027-03-13", "2027-03-15")
          == ["03-13 13 07:30", "03-14 14 07:30", "03-15 15 06:30"], "there is no 02:30 on the 14th: it is 03:30")
      #expect(
        try days(daily, "America/New_York", "2027-11-06", "2027-11-08").map { $0.prefix(5) } == [
          "11-06", "11-07", "11-08",
        ],
        "01:30 and 02:30 are once")
      #expect(
        try days(#"{"at": "01:30"}"#, "America/New_York", "2027-11-07", "2027-11-07").count == 1,
        "though it is there twice")
      #expect(
        try days(#"{"at": "09:00", "days": [29, 31]}"#, "Asia/Shanghai", "2027-01-30", "2027-04-30")
          == [
            "01-31 31 01:00", "02-28 28 01:00", "03-29 29 01:00", "03-31 31 01:00", "04-29 29 01:00", "04-30 30 01:00",
          ])
      #expect(try days(#"{"at": "09:00", "days": [29]}"#, "UTC", "2028-02-27", "2028-03-01") == ["02-29 29 09:00"])
      #expect(
        try days(#"{"at": "09:00", "weekdays": ["mon", "sun"], "days": null}"#, "UTC", "2027-05-01", "2027-05-09")
          == ["05-02 02 09:00", "05-03 03 09:00", "05-09 09 09:00"])
      let next = try firm.session.rows(
        """
        select to_char(n.at at time zone 'UTC', 'MM-DD HH24:MI') from (values ('2027-05-01 01:00+00'), ('2027-05-01 01:00:01+00')) t (since),
          next_occasion('{"at": "09:00"}', 'Asia/Shanghai', t.since::timestamptz) n
        """
      ).map { $0.text(0) }
      #expect(next == ["05-01 01:00", "05-02 01:00"])
      let farthest = try firm.session.rows(
        """
        select n.day::text from (values ('[1]', '2027-01-01 12:00+00'), ('[31]', '2027-02-28 12:00+00')) t (days, since),
          next_occasion(('{"at": "09:00", "days": ' || t.days || '}')::jsonb, 'UTC', t.since::timestamptz) n
        """
      ).map { $0.text(0) }
      #expect(farthest == ["2027-02-01", "2027-03-31"])
    }
  }

  /// Born on the last days of February, the first of March, and around New Year.
  private static let births = [
    "1980-02-27", "1980-02-28", "1980-02-29", "1981-02-28", "1980-03-01", "1980-12-30", "1980-12-31", "1980-01-01",
    "1980-01-02",
  ]

  @Test(
    "birthdays by the calendar: the 29th of February is the 28th where there is none, and new years are gone over",
    arguments: [
      ("birthday = today", "2027-02-28", [2, 3, 4]), ("birthday = today", "2028-02-28", [2, 4]),
      ("birthday = today", "2028-02-29", [3]), ("birthday = today", "2027-03-01", [5]),
      ("birthday = today + 1 day", "2027-02-27", [2, 3, 4]), ("birthday = today - 1 day", "2027-03-01", [2, 3, 4]),
      ("birthday = TODAY + 2 days", "2027-12-30", [8]), ("birthday in (today, 03-01)", "2027-02-28", [2, 3, 4, 5]),
      ("birthday between today and today + 1 day", "2027-02-28", [2, 3, 4, 5]),
      ("birthday between today - 1 day and today", "2027-02-28", [1, 2, 3, 4]),
      ("birthday between today and today + 3 days", "2027-12-30", [6, 7, 8, 9]),
      ("birthday between 12-31 and today", "2027-01-01", [7, 8]),
      ("birthday != today", "2027-02-28", [1, 5, 6, 7, 8, 9]),
      ("birthday > today", "2027-02-28", [5, 6, 7]), ("birthday >= today", "2027-12-31", [7]),
      ("birthday < today", "2027-01-02", [8]), ("birthday <= today", "2027-02-28", [1, 2, 3, 4, 8, 9]),
      ("birthday = 02-29", "2027-02-28", [3]), ("age = 47 and birthday = today", "2027-03-01", [5]),
      ("age = 46 and birthday = today", "2027-02-28", [3, 4]),
    ] as [(String, String, [Int64])])
  func birthdays(_ filter: String, _ day: String, _ expected: [Int64]) throws {
    try Firm.open { (firm: Firm) throws in
      for (number, birth) in Self.births.enumerated() {
        try firm.add(Customer(Int64(number + 1), ["birthday": "'\(birth)'"]))
      }
      try firm.add(Customer(10))
      let definition = try CampaignDefinition.of(filter, .customers, #", "every": {"at": "09:00"}"#)
      let (scope, templates) = try firm.run(AudienceScope.ask(1), CampaignTemplates.ask(definition))
      let moment = try #require(Timestamp(rfc3339: "\(day)T09:00:00+08:00".utf8))
      let audience = Audience(
        definition, scope, seed: "seed", needs: try templates.needs(of: definition),
        occasion: Occasion(plan: 1, day: day, at: moment))
      #expect(try firm.everybody(audience).map(\.subject) == expected)
    }
  }

  @Test("without an occasion today is what the branch's clock says, whatever the server's")
  func today() throws {
    try Firm.open { (firm: Firm) throws in
      try firm.session.run(
        script: "update branch set time_zone = 'Pacific/Kiritimati'; set time zone 'Pacific/Pago_Pago'")
      let days = try firm.session.rows(
        "select d::text from unnest(array[(now() at time zone 'Pacific/Kiritimati')::date, (now() at time zone 'Pacific/Pago_Pago')::date]) d"
      )
      for (number, day) in days.map({ $0.text(0) }).enumerated() {
        try firm.add(Customer(Int64(number + 1), ["birthday": "'\(day)'"]))
      }
      #expect(try firm.people("birthday = today") == [1])
    }
  }

  @Test(
    "what is not a day from today is refused where it stands",
    arguments: [
      "birthday = today +", "birthday = today + x days", "birthday = today + 61 days", "birthday = today + 3",
      "birthday = today-3",
      "birthday = yesterday", "age = today", "birthday = \"today\"",
    ])
  func notToday(_ filter: String) throws {
    #expect(throws: FilterError.self) { try Filter(filter, of: .customers) }
  }
}
