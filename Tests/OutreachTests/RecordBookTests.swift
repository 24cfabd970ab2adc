import Gateways
import Testing
import Topics
import Values

@testable import Outreach

@Suite struct RecordBookTests {
  private let now = Timestamp(microseconds: 0)

  private func outcome(_ told: [String: RecordBook.Told], ids: [String]) -> StaticString? {
    let message = DueMessage(7, .service, to: 8_613_800_138_000, gateway: "one")
    let keyed = Dictionary(uniqueKeysWithValues: told.map { (SubmissionKey(gateway: "one", id: $0.key), $0.value) })
    let book = RecordBook(standing: [7: .init(state: "sending", attempt: 1, customer: nil)], told: keyed)
    return book.conclude(EndedCall(message, .accepted(ids: ids, cost: nil)), .sms, now)?.outcome
  }

  private func told(_ state: String? = nil, parts: Set<Int32> = []) -> RecordBook.Told {
    .init(state: ToldState(state, delivered: parts), code: nil)
  }

  @Test("receipts that came before the answer to the call count, those of parts as well")
  func before() {
    for (found, ids, expected) in [
      ([:], [], "accepted"), (["a": told()], ["a"], "accepted"), (["a": told("delivered")], ["a"], "delivered"),
      (["a": told("delivered"), "b": told()], ["a", "b"], "accepted"),
      (["a": told("delivered"), "b": told("failed")], ["a", "b"], "failed"),
      (["a": told(parts: [2])], ["a"], "accepted"), (["a": told("buffered", parts: [1, 2])], ["a"], "delivered"),
      (["a": told(parts: [1]), "b": told(parts: [2])], ["a", "b"], "delivered"),
    ] as [([String: RecordBook.Told], [String], String)] {
      #expect(outcome(found, ids: ids)?.description == expected, "\(found)")
    }
  }
}
