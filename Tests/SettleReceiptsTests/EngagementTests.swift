import Postgres
import TestKit
import Testing
import Topics

@testable import settle_receipts

@Suite struct EngagementTests {
  private static let funds = "https://firm.example/funds"
  private static let day: [OutreachReceipts] = [
    did(.opened(.machine), at: 1), did(.opened(.machine), at: 2), did(.opened(.unknown), at: 5),
    did(.opened(.person), at: 4),
    did(.clicked(url: funds, .unknown), at: 6), did(.clicked(url: funds, .unknown), at: 3),
    did(.clicked(url: funds, .machine), at: 7), did(.clicked(url: "https://firm.example/", .person), at: 8),
    did(.opened(.person), 2, at: 9), did(.unsubscribed(.oneClick), at: 10), did(.unsubscribed(.page), at: 11),
    did(.complained("abuse"), at: 12),
  ]

  @Test("however it is cut into batches, what people do is counted once each, and told the first time")
  func counted() throws {
    for size in [1, 2, 5, day.count] {
      try ReceiptDesk.open { desk throws in
        for start in stride(from: 0, to: EngagementTests.day.count, by: size) {
          try desk.take(Array(EngagementTests.day[start..<min(start + size, EngagementTests.day.count)]))
        }
        #expect(
          try desk.engagement() == [
            "1 clicked https://firm.example/ person 1 8 8", "1 clicked https://firm.example/funds machine 1 7 7",
            "1 clicked https://firm.example/funds unknown 2 3 6", "1 complained person 1 12 12",
            "1 opened machine 2 1 2", "1 opened person 1 4 4", "1 opened unknown 1 5 5",
            "1 unsubscribed person 1 10 10", "2 opened person 1 9 9",
          ], "\(size)")
        let told = desk.told()
        #expect(
          told.map { $0.prefix { $0 != " " } } == [
            "message.opened", "message.opened", "message.clicked", "message.clicked", "message.opened",
            "message.unsubscribed", "message.complained",
          ], "\(size)")
        #expect(told[0].contains(#""machine":true"#) && !told[1].contains("machine"))
        #expect(
          told[3].hasSuffix(
            #""channel":"email","purpose":"marketing","source":"/site","request":"e1","gateway":"mail","url":"https://firm.example/","machine":false,"at":"1970-01-01T00:16:48.000000Z"}"#
          ), "\(told[3])")
        #expect(told[5].contains(#""reason":"one-click""#) && told[6].contains(#""reason":"abuse""#))
      }
    }
  }

  private var day: [OutreachReceipts] { EngagementTests.day }

  @Test("who wants no more is suppressed where the message went, once, and again where somebody has lifted it")
  func suppressed() throws {
    try ReceiptDesk.open { desk throws in
      #expect(
        try desk.take(did(.unsubscribed(.page)), did(.unsubscribed(.page), 2), did(.complained(nil), 2)) == [
          "unsubscribed", "unsubscribed", "complained",
        ])
      let all = [
        "email w@example.com opted-out message 1", "sms +8613812340001 complained message 2",
        "sms +8613812340001 opted-out message 2",
      ]
      #expect(try desk.suppressed() == all)
      try desk.session.run(
        script: "update suppression set lifted_at = now(), lifted_by = 'x' where reason = 'opted-out'")
      #expect(try desk.take(did(.unsubscribed(.page)), did(.unsubscribed(.page), 2)) == ["repeated", "repeated"])
      #expect(try desk.suppressed() == all)
      #expect(desk.told().count == 3)
    }
  }

  @Test("nobody's message is refused, and of what was erased nothing is kept")
  func strangers() throws {
    try ReceiptDesk.open { desk throws in
      #expect(
        try desk.take(
          did(.opened(.person), 99), did(.clicked(url: "https://x.example/", .person), 5), did(.opened(.person)))
          == ["message: unknown-message", "erased", "opened"])
      #expect(try desk.engagement().count == 1)
    }
  }

  @Test("what waits for somebody is locked before they are suppressed: a claim that has looked already is over by then")
  func locked() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(script: "begin; select from message where id in (3, 4) for update")
      // The worker's own bound ends its wait.
      let refused = #expect(throws: PostgresError.self) { try desk.take(did(.unsubscribed(.page), 2)) }
      #expect(refused?.isTransient == true)
      try desk.session.run(script: "rollback")
    }
  }

  @Test("whoever is suppressed, what waits for others is not read")
  func foundByIndex() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(
        script: """
          insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, email, body, gateway,
            requested_at, due_at)
          select n, case when n % 2 = 0 then 'sms' else 'email' end, 'marketing', 2, 'queued', '/s', 'e', 'x',
            case when n % 2 = 0 then 8613900000000 + n end, case when n % 2 = 1 then 'r' || n || '@example.com' end, 'x', 'one',
            now(), now()
          from generate_series(11, 20000) n;
          analyze message
          """)
      try desk.session.run(script: "begin")
      // From the sixth time on PostgreSQL may plan for whatever comes.
      for number in 101...110 {
        try desk.session.run(
          script: """
            select suppress('sms', '{+86139000\(100_000 + number * 2)}', 'manual', null, 'x');
            select suppress_each('{email,sms}', '{r\(number * 2 + 1)@example.com,+8613812340001}', '{complained,complained}', '{x,x}', 'x')
            """)
      }
      let read = try desk.session.rows(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables where relname = 'message'"
      )
      #expect(read[0].integer(0) < 500, "\(read[0].integer(0))")
      #expect(try desk.suppressed().count == 21)
    }
  }

  @Test("of an erased person's messages it stays how often, and goes where their links led")
  func erased() throws {
    try ReceiptDesk.open { desk throws in
      try desk.take(EngagementTests.day)
      try desk.session.run(script: "update message set state = 'cancelled' where state = 'queued'")
      let rows = try desk.lines("select erase_messages(null, '{}', '{}', '{W@example.com}')::text")
      #expect(rows.contains("(engagement,3)"), "\(rows)")
      let left = try desk.engagement()
      #expect(left.contains("1 clicked unknown 2 3 6") && left.contains("1 clicked person 1 8 8"), "\(left)")
      #expect(left.count == 9 && !left.contains { $0.contains("firm.example") })
      // What belongs to those who were erased before is not gone through again.
      try desk.session.run(
        script: """
          insert into message (id, channel, purpose, priority, state, source, event_id, recipient, body, gateway, requested_at, due_at,
            erased_at)
          select n, 'email', 'marketing', 2, 'accepted', 'erased', 'erased', 'erased/' || n, '', 'mail', now(), now(), now()
          from generate_series(101, 5000) n;
          insert into engagement (message_id, kind, agent, first_at, last_at, times)
          select n, 'opened', 'person', now(), now(), 1 from generate_series(101, 5000) n;
          analyze message, engagement;
          begin;
          select erase_messages(null, '{}', '{8613812340001}', '{}')
          """)
      let read = try desk.session.rows(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables where relname = 'engagement'"
      )[0].integer(0)
      #expect(read < 100)
      try desk.session.run(script: "rollback")
      #expect(
        try desk.lines("select erase_messages(null, '{}', '{}', '{W@example.com}')::text").contains("(engagement,0)"))
    }
  }
}
