internal import Contract
internal import JSON
internal import Mail
internal import PhoneNumbers
internal import Templates
internal import Topics
internal import Values

/// Whom one message is to reach, and by which channel: what has an `@` is an e-mail
/// address, unless another is named.
enum MessageRecipient {
  case phone(PhoneNumber)
  case fax(PhoneNumber)
  case mailbox(String)

  init(_ text: String, _ invocation: Invocation) throws(Failure) {
    let wanted = try invocation.choice("--channel", MessageChannel.allCases.map(\.rawValue))
    let channel = wanted.flatMap { MessageChannel(rawValue: $0) } ?? (text.contains("@") ? .email : .sms)
    switch channel {
    case .email: self = .mailbox(try MessageAddress.email(text, "--to"))
    case .sms: self = .phone(try MessageAddress.phone(text, country: invocation.text("--country"), "--to"))
    case .fax: self = .fax(try MessageAddress.phone(text, country: invocation.text("--country"), "--to"))
    }
  }

  var channel: MessageChannel {
    switch self {
    case .phone: .sms
    case .fax: .fax
    case .mailbox: .email
    }
  }

  /// As the ledger has it.
  var address: String {
    switch self {
    case .phone(let number), .fax(let number): number.e164
    case .mailbox(let address): address
    }
  }

  var country: String? { number?.place.country?.code }

  /// nil where nobody knows where the recipient is.
  var timeZones: String? { number?.place.timeZones.joined }

  private var number: PhoneNumber? {
    switch self {
    case .phone(let number), .fax(let number): number
    case .mailbox: nil
    }
  }

  /// Read back as the intake will read it, so that what it would refuse is refused here.
  func data(_ said: MessageRequest) throws(Failure) -> String {
    switch channel {
    case .email: try MessageRecipient.data(EmailRequested(to: address, said))
    case .sms: try MessageRecipient.data(SMSRequested(to: address, said))
    case .fax: try MessageRecipient.data(FaxRequested(to: address, said))
    }
  }

  private static func data<Request: MessageRequested>(_ event: Request) throws(Failure) -> String {
    let bytes = JSONWriter.object { event.write(to: &$0) }
    let text = String(decoding: bytes, as: UTF8.self)
    do throws(Refusal) {
      _ = try JSONTape().read(text) { object throws(Refusal) in
        try Request(type: Request.types[0], reading: object)
      }
    } catch {
      throw .no("\(error).")
    }
    return text
  }
}
