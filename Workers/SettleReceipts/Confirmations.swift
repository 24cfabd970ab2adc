import Contract
import Outreach
import PhoneNumbers
import Postgres
import Settings
import Topics
import Values

/// What a lane keeps of gateways and templates. A confirmation has no links.
struct ConfirmationMemory: LaneCache {
  var intake = IntakeMemory()

  init(_ settings: Settings) {}
}

/// The one text that confirms an opt-out, where the law of the place wants it: asked for as every message is, and in the transaction
/// that suppresses.
struct Confirmations {
  /// An answer that says that somebody wants no more.
  struct OptOut {
    let answer: ReceiptReading.Answer
    let source: String
    let event: String
  }

  /// How long after the answer one may still come.
  private static let holds: Int64 = 300

  /// Who was not suppressed until now, as `+8613800138000`.
  private var fresh: Set<String> = []
  private var requests: [String: MessageIntake.Request] = [:]
  private var intake: MessageIntake?

  /// Nobody has opted out.
  init() {}

  /// Suppresses all of them first: whoever waits for the same address meanwhile finds that it was done.
  init(_ optOuts: [OptOut], _ memory: inout IntakeMemory, _ transaction: Transaction) throws(PostgresError) {
    guard !optOuts.isEmpty else { return }
    let (fresh, templates) = try transaction.ask(
      Confirmations.suppress(optOuts.map(\.answer.address)),
      Confirmations.templates(optOuts.compactMap(\.answer.country)))
    self.fresh = fresh
    for optOut in optOuts where fresh.contains(optOut.answer.address) && requests[optOut.answer.address] == nil {
      guard let template = optOut.answer.country.flatMap({ templates[$0] }) else { continue }
      requests[optOut.answer.address] = Confirmations.request(optOut, template)
    }
    guard !requests.isEmpty else { return }
    intake = try MessageIntake(Array(requests.values), .sms, &memory, transaction)
  }

  private static func suppress(_ addresses: [String]) -> Question<Set<String>> {
    Question("select * from newly_suppressed('sms', $1, 'opted-out', null, 'settle-receipts')") {
      $0.texts(Set(addresses).sorted()) { $0 }
    } reading: {
      Set($0.map { $0.text(0) })
    }
  }

  private static func templates(_ countries: [String]) -> Question<[String: String]> {
    Question("select country, template from opt_out_confirmation where country = any($1)") {
      $0.texts(Set(countries).sorted()) { $0 }
    } reading: {
      Dictionary($0.map { ($0.text(0), $0.text(1)) }) { one, _ in one }
    }
  }

  /// By the gateway, and from the number, that the answer came to.
  private static func request(_ optOut: OptOut, _ template: String) -> MessageIntake.Request {
    var said = MessageRequest(.transactional)
    said.template = template
    said.gateway = optOut.answer.gateway
    said.sender = optOut.answer.to.flatMap { $0.count <= 40 ? $0 : nil }
    said.deadline = optOut.answer.at.adding(seconds: holds)
    return MessageIntake.Request(
      said, variables: [:], source: optOut.source, id: optOut.event, phone: optOut.answer.phone,
      country: optOut.answer.country, timeZone: optOut.answer.timeZone)
  }

  /// The first answer of an address that was not suppressed has its message. One that cannot be made leaves the opt-out as it is.
  mutating func settle(_ answer: ReceiptReading.Answer, _ now: Timestamp) -> Decision<ReceiptChange> {
    var change = ReceiptChange(answer: answer)
    guard fresh.remove(answer.address) != nil else { return .apply(change, outcome: "opted-out-before") }
    guard let request = requests[answer.address], let made = intake?.compose(request, .sms, now) else {
      return .apply(change, outcome: "opted-out")
    }
    guard case .apply(let message, let emissions, _) = made else {
      return .apply(change, outcome: "opted-out-unconfirmed")
    }
    change.confirmation = message
    return .apply(change, emit: emissions, outcome: "opted-out")
  }
}
