import Digest
import Gateways
import Outreach
import PhoneNumbers
import Topics
import Values

/// What was told of a message or its recipient, as far as it can be read by itself.
final class ReceiptReading: Sendable {
  enum Content: Sendable {
    case receipt(Receipt)
    case inbound(Answer)
    case engagement(Engaged)
    case refused(Refusal)
  }

  struct Receipt: Sendable {
    let key: SubmissionKey
    /// Ours, where the gateway knows it.
    let reference: MessageReference?
    let status: OutreachReceipts.Status
    let code: String?
    /// Of this part alone, where the gateway counts them.
    let part: Int32?
    let at: Timestamp
  }

  struct Answer: Sendable {
    let gateway: String
    let phone: Int64
    let to: String?
    let text: String
    let at: Timestamp
    let isOptOut: Bool
    /// The message that it is to, as far as the ledger knows one.
    var message: Int64?
    var country: String?
    /// The tz database's names, with commas between them.
    var timeZone: String?

    /// As suppression lists it.
    var address: String { "+\(phone)" }
  }

  /// What a recipient did with a message.
  struct Engaged: Sendable {
    let key: EngagementKey
    /// Where the link leads; empty for all but clicks.
    let url: String
    /// How they unsubscribed, or what kind of complaint it is.
    let way: String?
    let at: Timestamp
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
          part: told.part, at: told.at ?? happened))
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
    case .engagement(let told): content = .engagement(Engaged(told, told.at ?? happened))
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

/// What is counted by itself of what recipients do.
struct EngagementKey: Hashable, Sendable, Comparable {
  let message: Int64
  let kind: OutreachOutcomes.Step
  /// Half of the SHA-256 of where it leads; zero where it is no link.
  let link: Fingerprint
  let agent: OutreachReceipts.Engagement.Agent

  static let noLink = Fingerprint(high: 0, low: 0)

  /// Somebody, as far as that is known, has done something about the message.
  var isResponse: Bool { kind == .replied || kind == .clicked && agent != .machine }

  /// In the order of the table's key, so that two lanes lock alike.
  static func < (a: EngagementKey, b: EngagementKey) -> Bool {
    (a.message, a.kind.rawValue, a.link.high, a.link.low, a.agent.rawValue)
      < (b.message, b.kind.rawValue, b.link.high, b.link.low, b.agent.rawValue)
  }
}

extension ReceiptReading.Engaged {
  fileprivate init(_ told: OutreachReceipts.Engagement, _ at: Timestamp) {
    func key(
      _ kind: OutreachOutcomes.Step, _ agent: OutreachReceipts.Engagement.Agent, _ url: String = ""
    ) -> EngagementKey {
      EngagementKey(message: told.message, kind: kind, link: EngagementKey.link(url), agent: agent)
    }
    switch told.kind {
    case .unsubscribed(let way): self.init(key: key(.unsubscribed, .person), url: "", way: way.rawValue, at: at)
    case .complained(let kind): self.init(key: key(.complained, .person), url: "", way: kind, at: at)
    case .opened(let agent): self.init(key: key(.opened, agent), url: "", way: nil, at: at)
    case .clicked(let url, let agent): self.init(key: key(.clicked, agent, url), url: url, way: nil, at: at)
    }
  }
}

extension EngagementKey {
  static func link(_ url: String) -> Fingerprint {
    var url = url
    return url.isEmpty ? noLink : url.withUTF8 { SHA256().fingerprint(of: UnsafeRawBufferPointer($0)) }
  }
}
