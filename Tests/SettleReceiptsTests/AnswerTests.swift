import Postgres
import TestKit
import Testing
import Topics

@testable import settle_receipts

@Suite struct AnswerTests {
  /// Of one phone: 11 and 12 by two gateways, 13 before a week ago, 14 later than all answers, 15 not sent yet, 16 by mail.
  private static let sent = """
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, email, body, gateway, attempt,
      requested_at, due_at, accepted_at, claimed_at)
    select n, case n when 16 then 'email' else 'sms' end, 'marketing', 2, state, '/millrace/campaigns', '1/7/' || n, 'x', 8613812340007,
      case n when 16 then 'w@example.com' end, 'x', gateway, 1, now(), now(), to_timestamp(accepted), to_timestamp(claimed)
    from (values (11, 'delivered', 'one', 1010, 1000), (12, 'sending', 'two', null, 1020), (13, 'accepted', 'three', 1000 - 7 * 86400, 0),
      (14, 'accepted', 'one', 2000, 2000), (15, 'queued', 'one', null, null), (16, 'accepted', 'one', 1050, 1050))
      m (n, state, gateway, accepted, claimed)
    """

  private func answer(
    _ text: String, _ gateway: String = "one", from: String = "+8613812340007", at seconds: Int64
  ) -> OutreachReceipts {
    .inbound(.init(gateway: gateway, from: from, text: text, at: moment(seconds)))
  }

  @Test(
    "an answer is to what its phone got last within a week, by the gateway that it came to where that has carried any")
  func found() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(script: AnswerTests.sent)
      try desk.take(
        answer("a", at: 100), answer("b", "two", at: 100), answer("c", "three", at: 100), answer("d", at: -400),
        answer("e", from: "+8613812340008", at: 100), answer("f", at: 8 * 86_400), answer("g", "three", at: -10))
      #expect(
        try desk.lines("select body || ' ' || coalesce(message_id::text, 'none') from answer order by body") == [
          // Of the third gateway the week is over by 100 s, and not yet 10 s before.
          "a 11", "b 12", "c 12", "d 13", "e none", "f none", "g 13",
        ])
    }
  }

  @Test(
    "however they are cut into batches, the first answer is told once, as the response where no link was followed before"
  )
  func told() throws {
    let day = [
      did(.clicked(url: "https://firm.example/", .machine), 12, at: 20), answer("yes", at: 30), answer("when?", at: 31),
      did(.clicked(url: "https://firm.example/", .unknown), 11, at: 32),
      did(.clicked(url: "https://firm.example/", .unknown), 12, at: 33), answer("no", "two", at: 34),
    ]
    for size in [1, 2, day.count] {
      try ReceiptDesk.open { desk throws in
        try desk.session.run(script: AnswerTests.sent)
        for start in stride(from: 0, to: day.count, by: size) {
          try desk.take(Array(day[start..<min(start + size, day.count)]))
        }
        let told = desk.told().map { told in
          let number = told.contains(#""id":11"#) ? 11 : 12
          return "\(told.prefix { $0 != " " }) \(number)\(told.contains(#""firstResponse":true"#) ? " first" : "")"
        }
        #expect(
          told == [
            "message.clicked 12", "message.replied 11 first", "message.clicked 11", "message.clicked 12 first",
            "message.replied 12",
          ], "\(size)")
        #expect(
          try desk.engagement().filter { $0.contains("replied") } == [
            "11 replied person 2 30 31", "12 replied person 1 34 34",
          ], "\(size)")
      }
    }
  }

  @Test("a word that says that somebody wants no more is told of the message that they have answered, once")
  func optedOut() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(script: AnswerTests.sent)
      try desk.take(answer("Stop", at: 40), answer("STOP", at: 41), did(.unsubscribed(.page), 11, at: 42))
      let told = desk.told()
      #expect(told.count == 1)
      #expect(
        told.first == """
          message.unsubscribed {"id":11,"channel":"sms","purpose":"marketing","reason":"reply","source":"/millrace/campaigns",\
          "request":"1/7/11","gateway":"one","at":"1970-01-01T00:17:20.000000Z"}
          """)
      #expect(try desk.engagement() == ["11 unsubscribed person 2 40 41"])
      #expect(try desk.lines("select message_id::text from answer where opted_out") == ["11", "11"])
    }
  }
}
