internal import Contract
internal import JSON
internal import Mail
internal import PhoneNumbers
internal import Templates
internal import Topics
internal import Values

/// Whom one message is to reach, and by which channel: what has an `@` is an e-mail address.
enum MessageRecipient {
  case phone(PhoneNumber)
  case mailbox(String)

  init(_ text: String, _ invocation: Invocation) throws(Failure) {
    guard text.contains("@") else {
      self = .phone(try MessageAddress.phone(text, country: invocation.text("--country"), "--to"))
      return
    }
    self = .mailbox(try MessageAddress.email(text, "--to"))
  }

  var channel: MessageChannel {
    switch self {
    case .phone: .sms
    case .mailbox: .email
    }
  }

  /// As the ledger has it.
  var address: String {
    switch self {
    case .phone(let number): number.e164
    case .mailbox(let address): address
    }
  }

  var country: String? { if case .phone(let number) = self { number.place.country?.code } else { nil } }

  /// nil where nobody knows where the recipient is.
  var timeZones: String? { if case .phone(let number) = self { number.place.timeZones.joined } else { nil } }

  /// Read back as the intake will read it, so that what it would refuse is refused here.
  func data(_ said: MessageRequest) throws(Failure) -> String {
    switch channel {
    case .email: try MessageRecipient.data(EmailRequested(to: address, said))
    default: try MessageRecipient.data(SMSRequested(to: address, said))
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
