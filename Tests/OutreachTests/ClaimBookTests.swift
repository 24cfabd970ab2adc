import Testing
import Topics
import Values

@testable import Outreach

@Suite struct ClaimBookTests {
  private static let now = Timestamp(rfc3339: "2026-11-20T12:00:00Z".utf8)!
  private let now = ClaimBookTests.now

  private func message(
    _ id: Int64, _ purpose: Purpose = .marketing, to phone: Int64 = 8_613_800_000_000, deadline: Timestamp? = nil,
    recipient: String? = nil, zone: String? = nil
  ) -> DueMessage {
    DueMessage(
      id, purpose, to: phone, recipient: recipient, timeZone: zone, deadline: deadline, gateway: "a")
  }

  private func rules(_ bounds: ContactRules.Bound..., needNoConsent: Set<Purpose> = Set(Purpose.allCases))
    -> ContactRules
  {
    var rules = ContactRules()
    rules.bounds = bounds
    rules.needNoConsent = needNoConsent
    return rules
  }

  @Test("who has said no, or is out of reach for good, is skipped with the reason; what was asked for goes")
  func obstacles() {
    typealias Case = (purpose: Purpose, reasons: [String], consent: (refused: Bool, given: Bool)?, wanted: String?)
    let cases: [Case] = [
      (.marketing, [], (false, true), nil), (.marketing, [], (false, false), "no-consent"),
      (.marketing, [], nil, "no-consent"), (.marketing, [], (true, true), "consent-refused"),
      (.service, [], nil, nil), (.service, [], (true, false), "consent-refused"),
      (.transactional, [], (true, false), nil),
      (.marketing, ["opted-out"], (false, true), "opted-out"), (.service, ["opted-out"], nil, "opted-out"),
      (.transactional, ["opted-out"], nil, nil), (.transactional, ["bounced"], nil, "bounced"),
      (.marketing, ["opted-out", "manual"], (false, true), "manual"), (.service, ["complained"], nil, "complained"),
    ]
    for (purpose, reasons, consent, wanted) in cases {
      var book = ClaimBook(.sms, ContactRules())
      book.suppressed = ["+8613800000000": reasons]
      book.consents = consent.map { [1: $0] } ?? [:]
      let fate = book.decide(message(1, purpose), now).fate
      #expect(fate == (wanted.map { .end(.skipped, Reason($0)) } ?? .send(counts: false)), "\(purpose) \(reasons)")
    }
  }

  @Test("a deadline that has passed ends a message; one that a wait would pass ends it with the wait's reason")
  func deadlines() {
    var book = ClaimBook(.sms, rules())
    #expect(book.decide(message(1, deadline: now), now).fate == .end(.expired, Reason("deadline-passed")))
    #expect(book.decide(message(2, deadline: now.adding(seconds: 1)), now).fate == .send(counts: false))
    var bounded = ClaimBook(.sms, rules(.init(.marketing, isOfAllChannels: false, most: 1, period: .seconds(60))))
    #expect(bounded.decide(message(3), now).isSent)
    #expect(
      bounded.decide(message(4, deadline: now.adding(seconds: 60)), now).fate == .end(.skipped, Reason("frequency-cap"))
    )
    #expect(
      bounded.decide(message(5, deadline: now.adding(seconds: 61)), now).fate
        == .wait(now.adding(seconds: 60), Reason("frequency-cap")))
  }

  @Test("contacts of one recipient are counted within the batch and beside what was there, by purpose and channel")
  func bounds() {
    let bound = ContactRules.Bound(.marketing, isOfAllChannels: true, most: 3, period: .seconds(3600))
    let own = ContactRules.Bound(.marketing, isOfAllChannels: false, most: 2, period: .seconds(600))
    var book = ClaimBook(.sms, rules(bound, own))
    book.contacts = [
      "customer/1": [
        .init(at: now.adding(seconds: -3000), channel: "email", purpose: .marketing),
        .init(at: now.adding(seconds: -3601), channel: "sms", purpose: .marketing),
        .init(at: now.adding(seconds: -10), channel: "sms", purpose: .service),
      ]
    ]
    let fates = (1...4).map { book.decide(message(Int64($0), recipient: "customer/1"), now).fate }
    #expect(fates[0] == .send(counts: true) && fates[1] == .send(counts: true))
    // Both bounds keep the third away; the later of both counts.
    #expect(fates[2] == .wait(now.adding(seconds: 600), Reason("frequency-cap")))
    #expect(fates[3] == fates[2])
    #expect(book.decide(message(5, .transactional, recipient: "customer/1"), now).fate == .send(counts: false))
    #expect(book.decide(message(6, recipient: "customer/2"), now).isSent)
  }

  @Test("zero contacts are none at all, and no bound is none")
  func zero() {
    var book = ClaimBook(.sms, rules(.init(.marketing, isOfAllChannels: false, most: 0, period: .seconds(60))))
    guard case .end(.skipped, let reason) = book.decide(message(1), now).fate else { return #expect(Bool(false)) }
    #expect(reason.word == "frequency-cap")
    #expect(book.decide(message(2, .service), now).isSent)
  }

  @Test("outside of the recipient's hours a message waits for their opening, spread evenly over it")
  func hours() {
    var rules = rules()
    rules.hours = [.marketing: .init(calendar: 1, spread: .seconds(60))]
    var book = ClaimBook(.sms, rules)
    let opening = now.adding(seconds: 3600)
    let place = ClaimBook.Place(of: message(1, zone: "Asia/Shanghai"))!
    book.openings = [place: opening]
    var minutes: [Int: Int] = [:]
    for id in 1...6000 {
      guard case .wait(let until, let reason) = book.decide(message(Int64(id), zone: "Asia/Shanghai"), now).fate else {
        return #expect(Bool(false))
      }
      #expect(reason.word == "outside-hours")
      #expect(until >= opening && until < opening.adding(seconds: 60))
      minutes[Int(until.seconds(since: opening)), default: 0] += 1
    }
    #expect(minutes.count == 60 && minutes.values.allSatisfy { (80...120).contains($0) })
    // Nobody knows where they are: no hours hold.
    #expect(book.decide(message(7), now).isSent)
    book.openings = [place: now]
    #expect(book.decide(message(8, zone: "Asia/Shanghai"), now).isSent)
    #expect(book.decide(message(9, .transactional, zone: "Asia/Shanghai"), now).isSent)
  }
}

@Suite struct ReferenceTests {
  @Test("a reference is read as it is written, and nothing else is one")
  func references() {
    let reference = MessageReference(message: 12, attempt: 3)
    #expect(reference.description == "m12.3" && MessageReference("m12.3") == reference)
    for text in [
      "", "m", "m12", "m12.", "m.3", "m012.3", "m12.03", "12.3", "m12.3 ", "m-1.3", "m12.3.4", "m0.1", "m1.0",
    ] {
      #expect(MessageReference(text) == nil, "\(text)")
    }
  }

  @Test("of a template's languages the one asked for is taken, else the customer's, else one near, else the only one")
  func languages() {
    typealias Case = (all: Set<String>, wanted: String?, own: String?, best: String?)
    let cases: [Case] = [
      (["zh-CN", "en-GB"], "en-GB", "zh-CN", "en-GB"), (["zh-CN", "en-GB"], nil, "zh-cn", "zh-CN"),
      (["zh-CN", "en-GB"], "en-US", nil, "en-GB"), (["zh-CN", "en-GB"], "de", nil, nil),
      (["zh-CN", "en-GB"], nil, "de", nil),
      (["zh-CN"], nil, nil, "zh-CN"), (["zh-CN"], nil, "de", "zh-CN"), (["zh-CN"], "de", nil, nil), ([], nil, nil, nil),
    ]
    for (all, wanted, own, best) in cases {
      #expect(TemplateBook.best(of: all, wanted, own) == best, "\(all) \(wanted ?? "") \(own ?? "")")
    }
  }
}
