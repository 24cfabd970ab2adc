/// What the ledger's words for states and reasons say, for people.
enum MessageWords {
  static let states = [
    "queued", "sending", "accepted", "uncertain", "delivered", "failed", "expired", "skipped", "cancelled",
  ]

  static func of(state: String, reason: String?) -> String {
    guard let reason else { return stateWords[state] ?? "" }
    if state == "queued", let words = waits[reason] { return words }
    return reasons[reason] ?? stateWords[state] ?? ""
  }

  /// nil for a word that the ledger does not have.
  static func reason(_ word: String) -> String? { reasons[word] }

  private static let stateWords: [String: String] = [
    "queued": "It waits for its turn at the gateway.",
    "sending": "A sender has it and calls the gateway.",
    "accepted": "The gateway has it; no receipt says more yet.",
    "uncertain": "Nobody knows whether the gateway has it.",
    "delivered": "A receipt says that it arrived.",
    "failed": "It did not arrive.",
    "expired": "It was not sent in time.",
    "skipped": "It was not to be sent.",
    "cancelled": "It was called off before it was sent.",
  ]

  /// Of one that is to be sent later, or once more.
  private static let waits: [String: String] = [
    "outside-hours": "It waits for the recipient's own hours to begin, by the clock where they are.",
    "frequency-cap": "The recipient was written to as often as is allowed; it waits until it is allowed again.",
    "gateway-busy": "The gateway was busy and did not take it; it is tried again.",
    "refused-for-now": "The gateway did not take it for this recipient just now; it is tried again.",
    "gateway-refused": "The gateway takes nothing from the firm at present; it is tried again.",
    "unreachable": "The gateway could not be reached; it is tried again.",
    "moment-passed":
      "Its sender was too late for the moment that it had been given; it was not called and waits again.",
    "campaign-rests": "Its campaign was paused or called off before its sender had called; it waits again.",
    "sender-ended": "Its sender was asked to end before it called; it waits again.",
    "resolved": "It was uncertain, and somebody has put it back to its queue.",
  ]

  private static let reasons: [String: String] = [
    "opted-out": "The recipient wants no more (suppression).",
    "bounced": "What was sent to the address came back (suppression).",
    "complained": "The recipient has complained (suppression).",
    "manual": "Somebody has suppressed the address.",
    "consent-refused": "A customer with this address has refused such messages.",
    "no-consent": "Nobody knows that the recipient consents, and the firm's rules ask for consent.",
    "cap": "The recipient was written to as often as their campaign allows.",
    "frequency-cap": "The recipient was written to as often as is allowed, and may not be before the deadline.",
    "outside-hours": "The recipient's own hours begin after the deadline.",
    "budget-spent": "What is left of its budget is less than it costs.",
    "budget-removed": "The budget that was to pay has been removed.",
    "no-price": "The gateway has no price in the currency of the budget that was to pay.",
    "deadline-passed": "Its deadline passed before it could be sent.",
    "missing-variable": "The template wants a variable that the request does not have.",
    "unfit-variable": "A variable of the request is not what the template wants.",
    "too-long": "The text is longer than a short message can be.",
    "unanswered": "The gateway was called and gave no answer that proves anything: it may have the message.",
    "sender-lost": "Its sender ended in the middle of the call: the gateway may have the message.",
    "not-delivered": "A receipt says that it could not be delivered.",
    "refused": "The gateway has proved not to take this message, or nothing for this recipient.",
    "refused-for-now": "The gateway did not take it for this recipient, as often as it may be tried.",
    "gateway-busy": "The gateway was busy as often as it may be tried.",
    "gateway-refused": "The gateway takes nothing from the firm, and no other serves such messages.",
    "unreachable": "The gateway could not be reached.",
    "id-used-twice": "The gateway has given its id to another message as well: receipts do not tell them apart.",
    "resolved": "It was uncertain, and somebody has found out.",
    "erased": "It was called off when the recipient's data were erased.",
  ]
}
