import Contract
import Gateways
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import Outreach

/// Among many customers, those whose address a message has.
@Suite struct CustomersByAddressTests {
  /// Every third has a phone; the mail addresses of 7 and 8 are one.
  private static let firm = """
    insert into customer (id, code, version, data, status, email, changed_at)
    select n, 'C' || n, 1, gen_random_uuid(), 'active', 'Reader' || case n when 8 then 7 else n end || '@Example.com', now()
    from generate_series(1, 20000) n;
    insert into customer_phone select 8613900000000 + n, n, 0, null from generate_series(3, 20000, 3) n;
    insert into gateway (name, channel, place, description)
    select channel, channel, 1, '{}' from unnest(array['sms', 'email']) c (channel);
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, email, body, gateway, requested_at,
      due_at)
    select n, case when n > 100 then 'sms' else 'email' end, 'marketing', 2, 'queued', '/s', 'e', 'x',
      case when n > 100 then 8613900000000 + n end, case when n <= 100 then 'reader' || n || '@example.com' end, 'x',
      case when n > 100 then 'sms' else 'email' end, now(), now()
    from generate_series(1, 200) n;
    analyze customer, customer_phone, message;
    """

  private func with(_ body: (Connection) throws -> Void) throws {
    try TestDatabase.with { database in
      try database.connect().run(script: Self.firm)
      var limits = TestDatabase.limits
      limits.role = "millrace_send_sms"
      try body(try database.connect(limits: limits))
    }
  }

  /// Rows of customers that the transaction has read.
  private func read(_ session: Connection) throws -> Int64 {
    try session.rows(
      "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables where relname = 'customer'"
    )[0].integer(0)
  }

  private static func gateway(_ channel: Channel) throws -> GatewayBook.Gateway {
    let rest =
      switch channel {
      case .email: #""smtp": {"url": "smtp://x:25"}, "from": "a@firm.example""#
      default:
        #""request": {"method": "GET", "url": "http://127.0.0.1:9/"}, "answer": {"accepted": [{"status": ["200"]}]}"#
      }
    let text = #"{"name": "\#(channel.rawValue)", "channel": "\#(channel.rawValue)", \#(rest)}"#
    return GatewayBook.Gateway(
      name: channel.rawValue, version: 1, isEnabled: true, try GatewayDescription(reading: text))
  }

  @Test("a claim finds what they consent to without reading the others", arguments: [Channel.sms, .email])
  func claimed(_ channel: Channel) throws {
    try with { session throws in
      // From the sixth time on PostgreSQL may plan for whatever comes.
      for _ in 0..<8 {
        try session.run(script: "begin")
        let gateway = try Self.gateway(channel)
        let transaction = Transaction(open: session)
        let messages = try transaction.ask(DueMessage.claim(10, for: gateway, from: [gateway.name]))
        try #require(messages.count == 10)
        let before = try read(session)
        let book = try ClaimBook(messages, channel, ContactRules(), price: nil, transaction)
        for id in messages.map({ $0.id }) {
          let isKnown = channel == .email ? id != 8 : id % 3 == 0
          #expect((book.consents[id] != nil) == isKnown, "\(id)")
        }
        #expect(try read(session) - before < 100)
        try session.run(script: "rollback")
      }
    }
  }

  @Test("requests find who has their address without reading the others")
  func requested() throws {
    try with { session throws in
      for isMail in [true, false] {
        for _ in 0..<8 {
          try session.run(script: "begin")
          let requests = (1...10).map { number in
            MessageIntake.Request(
              MessageRequest(.service), variables: [:], source: "/s", id: "\(number)",
              phone: isMail ? nil : 8_613_900_000_000 + Int64(number),
              email: isMail ? "reader\(number)@example.com" : nil)
          }
          let before = try read(session)
          let known = try Transaction(open: session).ask(KnownRecipients.find(requests))
          let ids: [Int64] = requests.compactMap { known[$0]?.id }
          let wanted: [Int64] = isMail ? [1, 2, 3, 4, 5, 6, 9, 10] : [3, 6, 9]
          #expect(ids == wanted)
          #expect(try read(session) - before < 100)
          try session.run(script: "rollback")
        }
      }
    }
  }
}
