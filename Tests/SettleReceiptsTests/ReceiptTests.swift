import TestKit
import Testing
import Topics

@testable import settle_receipts

@Suite struct ReceiptTests {
  @Test("parts told under one id are delivered together, however they come; one that failed fails the message")
  func parts() throws {
    for order in [[1, 2, 3], [3, 1, 2], [2, 2, 1, 1, 3]] as [[Int32]] {
      for isOneBatch in [true, false] {
        try ReceiptDesk.open { desk throws in
          let told = order.map { receipt(.delivered, id: "g-2", reference: "m2.1", part: $0) }
          let outcomes = try isOneBatch ? desk.take(told) : told.flatMap { try desk.take($0) }
          #expect(outcomes.last == "delivered" && outcomes.count { $0 == "noted" } == 2, "\(outcomes)")
          #expect(outcomes.count { $0 == "not-news" } == order.count - 3)
          #expect(try desk.state(2) == "delivered")
          #expect(desk.told().count == 1)
        }
      }
    }
    try ReceiptDesk.open { desk throws in
      #expect(
        try desk.take(
          receipt(.delivered, reference: "m2.1", part: 1), receipt(.failed, reference: "m2.1", code: "11", part: 2),
          receipt(.delivered, reference: "m2.1", part: 3)) == ["noted", "failed", "not-news"])
      #expect(
        try desk.lines("select concat_ws(' ', state, reason, detail) from message where id = 2") == [
          "failed not-delivered 11"
        ])
    }
  }

  @Test("what is told of the whole stays as it was: each id once, and our reference for all")
  func whole() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(
        script:
          "insert into submission (gateway, provider_id, message_id, attempt, told_at) values ('one', 'a', 2, 1, now()), ('one', 'b', 2, 1, now())"
      )
      #expect(try desk.take(receipt(.delivered, id: "a"), receipt(.delivered, id: "a")) == ["noted", "not-news"])
      #expect(try desk.take(receipt(.delivered, id: "b")) == ["delivered"])
    }
    try ReceiptDesk.open { desk throws in
      #expect(
        try desk.take(receipt(.buffered, reference: "m2.1"), receipt(.delivered, reference: "m2.1")) == [
          "noted", "delivered",
        ])
    }
  }

  @Test(
    "of a message that nobody knew to be accepted that is told as well, with what it cost, before what became of it")
  func unknownUntilThen() throws {
    for (status, step) in [
      (OutreachReceipts.Status.delivered, "delivered"), (.failed, "failed"), (.buffered, "accepted"),
    ] {
      try ReceiptDesk.open { desk throws in
        try desk.session.run(
          script: """
            insert into budget (name, currency, most, reserved) values ('spring', 'CNY', 100, 0.15);
            update message set state = 'uncertain', budget = 'spring', reserved = 0.15 where id = 2
            """)
        try desk.take(receipt(status, reference: "m2.1"))
        let told = desk.told()
        #expect(
          told.map { String($0.prefix { $0 != " " }.dropFirst(8)) }
            == Array(["accepted", step].prefix(step == "accepted" ? 1 : 2)))
        #expect(told[0].contains(#""cost":{"amount":"0.15","currency":"CNY"},"parts":3"#), "\(told[0])")
        #expect(told.dropFirst().allSatisfy { !$0.contains("cost") && !$0.contains("parts") }, "\(told)")
        #expect(try desk.lines("select reserved::text || ' ' || spent from budget") == ["0.0000 0.1500"])
      }
    }
  }

  @Test("each part with an id of its own and a number is one part")
  func ids() throws {
    try ReceiptDesk.open { desk throws in
      let outcomes = try ([1, 2, 3] as [Int32]).flatMap { part in
        try desk.take(receipt(.delivered, id: "g-\(part)", reference: "m2.1", part: part))
      }
      #expect(outcomes == ["noted", "noted", "delivered"])
    }
  }

  @Test(
    "a bounce that says that nobody is there suppresses the mailbox, and no other does",
    arguments: [("5.1.1", true), ("5.1.10", true), ("5.2.1", true), ("5.2.2", false), ("4.1.1", false), ("x", false)])
  func bounced(code: String, isGone: Bool) throws {
    try ReceiptDesk.open { desk throws in
      #expect(try desk.take(receipt(.failed, "mail", reference: "m1.1", code: code)) == ["failed"])
      #expect(try desk.state(1) == "failed")
      #expect(try desk.suppressed() == (isGone ? ["email w@example.com bounced message 1: \(code)"] : []))
      // A gateway of another kind may mean anything by it.
      try desk.take(receipt(.failed, reference: "m2.1", code: code))
      #expect(try desk.suppressed().count == (isGone ? 1 : 0))
    }
  }

  @Test("the bounce of an earlier attempt says nothing of this one, but that nobody is there")
  func earlier() throws {
    try ReceiptDesk.open { desk throws in
      try desk.session.run(script: "update message set attempt = 2 where id = 1")
      #expect(try desk.take(receipt(.failed, "mail", reference: "m1.1", code: "5.1.1")) == ["of-another-attempt"])
      #expect(try desk.state(1) == "accepted" && desk.suppressed().count == 1)
    }
  }
}
