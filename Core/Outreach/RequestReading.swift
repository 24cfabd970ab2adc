public import Contract
internal import JSON
internal import Mail
internal import PhoneNumbers
public import Templates
public import Topics
public import Values

/// What a request for a message says, as far as it can be read by itself. A class, because loading and deciding both look at it.
public final class RequestReading: Sendable {
  private enum Address {
    case phone(PhoneNumber)
    case mailbox(String)
  }

  private let said: MessageRequest
  private let address: Address?
  private let variables: [String: TemplateValue]
  let refusal: Refusal?

  /// A national form without a country is read as mainland China's.
  private static let home = PhoneCountry("CN")

  public init(_ event: some MessageRequested, _ channel: Channel) {
    said = event.message
    var refusal: Refusal?
    var address: Address?
    do throws(Refusal) {
      address = try RequestReading.address(event.to, event.country, channel)
    } catch {
      refusal = error
    }
    var variables: [String: TemplateValue] = [:]
    if let text = event.message.variables {
      do throws(Refusal) {
        variables = try JSONTape().read(text) { object throws(Refusal) in
          try [String: TemplateValue](reading: object)
        }
      } catch {
        refusal = refusal ?? Refusal(restoring: error.reason, at: "variables.\(error.path)", error.detail)
      }
    }
    self.address = address
    self.variables = variables
    self.refusal = refusal
  }

  private static func address(_ text: String, _ country: String?, _ channel: Channel) throws(Refusal) -> Address {
    guard channel != .email else {
      do throws(Refusal) { return .mailbox(try Mailbox(address: text).address.lowercased()) } catch {
        throw Refusal(restoring: error.reason, at: "to", error.detail)
      }
    }
    let number: PhoneNumber
    do throws(PhoneNumber.Refusal) {
      number = try PhoneNumber(parsing: text, in: country.map { PhoneCountry($0) } ?? home)
    } catch {
      throw Refusal(restoring: error.rawValue, at: "to", "this is no phone number of any country")
    }
    guard number.possibility == .possible else {
      throw Refusal(restoring: number.possibility.rawValue, at: "to", "nobody has such a number")
    }
    return .phone(number)
  }

  /// nil where it is refused.
  fileprivate func request(_ source: String, _ id: String) -> MessageIntake.Request? {
    guard refusal == nil, let address else { return nil }
    switch address {
    case .mailbox(let address):
      return MessageIntake.Request(said, variables: variables, source: source, id: id, email: address)
    case .phone(let phone):
      let place = phone.place
      return MessageIntake.Request(
        said, variables: variables, source: source, id: id, phone: phone.digits, country: place.country?.code,
        timeZone: place.timeZones.isEmpty ? nil : place.timeZones.joined)
    }
  }
}

extension MessageIntake.Request {
  /// nil where it is refused.
  public init?(_ event: Delivery<RequestReading>) {
    guard let request = event.event.request(event.source, event.id) else { return nil }
    self = request
  }
}

extension MessageIntake {
  /// The row; or why the request can be used by nobody.
  public mutating func decide(
    _ event: Delivery<RequestReading>, _ channel: Channel, _ now: Timestamp
  ) -> Decision<NewMessage> {
    if let refusal = event.event.refusal { return .reject(refusal) }
    guard let request = Request(event) else { return .ignore("unread") }
    return compose(request, channel, now)
  }
}
