import Gateways
import Testing
import Values

@testable import Outreach

@Suite struct BudgetTests {
  private let now = Timestamp(rfc3339: "2026-11-20T12:00:00Z".utf8)!
  private let price = Money("0.05", "CNY")!

  private func message(_ id: Int64, parts: Int32? = 1, budget: String? = "spring") -> DueMessage {
    DueMessage(id, .transactional, to: 8_613_800_000_000, budget: budget, parts: parts, gateway: "a")
  }

  private func book(_ budget: Budget?, price: Money?) -> ClaimBook {
    var book = ClaimBook(.sms, price: price)
    book.budgets = budget.map { ["spring": $0] } ?? [:]
    return book
  }

  @Test("as many go as are paid for, to the last unit, by parts; the rest are skipped, and who names none is not bound")
  func lastUnit() {
    var book = book(Budget("CNY", most: 2000, taken: 100), price: price)
    let changes = [1, 2, 1, 1, 1].enumerated().map { book.decide(message(Int64($0), parts: $1), now) }
    #expect(changes.map(\.isSent) == [true, true, false, false, false])
    #expect(changes[1].reservation == Reservation("spring", Money("0.10", "CNY")!))
    #expect(changes[2].fate == .end(.skipped, Reason("budget-spent", "spring")) && changes[2].reservation == nil)
    let unpaid = book.decide(message(9, budget: nil), now)
    #expect(unpaid.isSent && unpaid.reservation == nil)
    var whole = self.book(Budget("CNY", most: 1000), price: price)
    #expect((1...3).map { whole.decide(message($0), now).isSent } == [true, true, false])
  }

  @Test("a dearer message that no longer fits leaves what is left to a cheaper one")
  func cheaper() {
    var book = book(Budget("CNY", most: 500), price: price)
    #expect(book.decide(message(1, parts: 2), now).fate == .end(.skipped, Reason("budget-spent", "spring")))
    #expect(book.decide(message(2), now).isSent)
  }

  @Test("zero is nothing at all, none is no bound; what costs nothing always goes")
  func zero() {
    var none = book(Budget("CNY", most: 0), price: price)
    #expect(none.decide(message(1), now).fate == .end(.skipped, Reason("budget-spent", "spring")))
    var free = book(Budget("CNY", most: 0), price: Money("0", "CNY"))
    #expect(free.decide(message(1), now).isSent)
    var counted = book(Budget("CNY", most: nil, taken: 1 << 40), price: price)
    #expect(counted.decide(message(1), now).reservation == Reservation("spring", price))
  }

  @Test("without a price, in another currency or without the budget itself it ends with the reason")
  func noPrice() {
    let budget = Budget("CNY", most: nil)
    for (budget, price, wanted) in [
      (budget, nil, "no-price"), (budget, Money("1", "USD"), "no-price"), (nil, self.price, "budget-removed"),
      (budget, Money(tenThousandths: .max / 2, currency: "CNY"), "no-price"),
    ] as [(Budget?, Money?, String)] {
      var book = book(budget, price: price)
      guard case .end(.skipped, let reason) = book.decide(message(1, parts: 3), now).fate else {
        Issue.record("it goes with \(String(describing: price))")
        continue
      }
      #expect(reason.word == wanted)
    }
  }

  @Test("what a call comes to spends what was reserved, gives it back, or leaves it where nobody knows")
  func records() {
    let reserved = Reservation("spring", Money("0.10", "CNY")!)
    let refused = Refused(kind: .recipient, code: "1", detail: "no")
    let back = BudgetChange("spring", reserved: -1000, spent: 0)
    func spent(_ amount: Int64) -> BudgetChange { BudgetChange("spring", reserved: -1000, spent: amount) }
    for (ending, wanted, cost) in [
      (.accepted(ids: ["x"], cost: Money("0.10", "CNY")), spent(1000), "0.10"),
      (.accepted(ids: ["x"], cost: Money("0.08", "CNY")), spent(800), "0.08"),
      (.accepted(ids: ["x"], cost: nil), spent(1000), "0.10"),
      (.accepted(ids: ["x"], cost: Money("9", "USD")), spent(1000), "0.10"),
      (.refused(refused), back, nil), (.notSent(code: "1", "x"), back, nil), (.given(back: Reason("x")), back, nil),
      (.unknown("x"), nil, nil),
    ] as [(EndedCall.Ending, BudgetChange?, String?)] {
      let book = RecordBook(standing: [
        1: .init(state: "sending", attempt: 1, customer: nil, reservation: reserved)
      ])
      let record = book.conclude(EndedCall(message(1), ending), .sms, now)
      #expect(record?.budget == wanted && record?.cost?.amount == cost, "\(ending)")
    }
    // What somebody else has settled meanwhile is theirs.
    let late = RecordBook(standing: [1: .init(state: "uncertain", attempt: 1, customer: nil, reservation: reserved)])
    #expect(late.conclude(EndedCall(message(1), .unknown("x")), .sms, now) == nil)
  }

  @Test("a batch changes a budget once")
  func sums() {
    let changes = (1...3).map { BudgetChange($0 == 2 ? "a" : "b", reserved: -5, spent: $0) }
    #expect(
      BudgetChange.sums(changes) == [
        BudgetChange("a", reserved: -5, spent: 2), BudgetChange("b", reserved: -10, spent: 4),
      ])
  }
}
