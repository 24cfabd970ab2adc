import Gateways
import Outreach
import PhoneNumbers
import Topics
import Values

/// What a gateway told, as far as it can be read by itself.
final class ReceiptReading: Sendable {
  enum Content: Sendable {
    case receipt(Receipt)
    case inbound(Answer)
    case refused(Refusal)
  }

  struct Receipt: Sendable {
    let key: SubmissionKey
    /// Ours, where the gateway knows it.
    let reference: MessageReference?
    let status: OutreachReceipts.Status
    let code: String?
    let at: Timestamp
  }

  struct Answer: Sendable {
    let gateway: String
    let phone: Int64
    let to: String?
    let text: String
    let at: Timestamp
    let isOptOut: Bool
    var country: String?
    /// The tz database's names, with commas between them.
    var timeZone: String?

    /// As suppression lists it.
    var address: String { "+\(phone)" }
  }

  let content: Content

  /// A national form is read as mainland China's, as it is where messages go out.
  private static let home = PhoneCountry("CN")

  init(_ event: OutreachReceipts, _ happened: Timestamp, _ words: OptOutWords?) {
    switch event {
    case .receipt(let told):
      let reference = told.reference.flatMap { MessageReference($0) }
      // Under the gateway's own id, which it gave when it took the message; of several parts each has one.
      let id = told.messageID ?? told.reference ?? ""
      content = .receipt(
        Receipt(
          key: SubmissionKey(gateway: told.gateway, id: id), reference: reference, status: told.status, code: told.code,
          at: told.at ?? happened))
    case .inbound(let told):
      guard let phone = ReceiptReading.phone(told.from) else {
        content = .refused(Refusal("not-a-number", at: "from", "this is no phone number of any country"))
        return
      }
      content = .inbound(
        Answer(
          gateway: told.gateway, phone: phone.digits, to: told.to, text: told.text, at: told.at ?? happened,
          isOptOut: words?.matches(told.text) ?? false, country: phone.place.country?.code,
          timeZone: phone.place.timeZones.isEmpty ? nil : phone.place.timeZones.joined))
    }
  }

  /// Gateways leave the plus away as often as not.
  private static func phone(_ text: String) -> PhoneNumber? {
    let forms = [text, "+" + text.drop { $0 == "0" || $0 == "+" }]
    for form in forms {
      do throws(PhoneNumber.Refusal) {
        let number = try PhoneNumber(parsing: form, in: home)
        if number.possibility == .possible { return number }
      } catch { continue }
    }
    return nil
  }
}
