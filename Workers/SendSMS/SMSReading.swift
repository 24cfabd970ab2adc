import Contract
import JSON
import Outreach
import PhoneNumbers
import Templates
import Topics
import Values

/// What a request for a short message says, as far as it can be read by itself. A class, because loading and deciding both look
/// at it.
final class SMSReading: Sendable {
  private let said: SMSRequested
  private let phone: PhoneNumber?
  private let variables: [String: TemplateValue]
  let refusal: Refusal?

  /// A national form without a country is read as mainland China's.
  static let home = PhoneCountry("CN")

  init(_ event: SMSRequested) {
    said = event
    var refusal: Refusal?
    var phone: PhoneNumber?
    do throws(PhoneNumber.Refusal) {
      let number = try PhoneNumber(parsing: event.to, in: event.country.map { PhoneCountry($0) } ?? SMSReading.home)
      if number.possibility == .possible {
        phone = number
      } else {
        refusal = Refusal(restoring: number.possibility.rawValue, at: "to", "nobody has such a number")
      }
    } catch {
      refusal = Refusal(restoring: error.rawValue, at: "to", "this is no phone number of any country")
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
    self.phone = phone
    self.variables = variables
    self.refusal = refusal
  }

  func request(_ event: Delivery<SMSReading>) -> MessageIntake.Request? {
    guard refusal == nil, let phone else { return nil }
    let place = phone.place
    return MessageIntake.Request(
      said.message, variables: variables, source: event.source, id: event.id, phone: phone.digits,
      country: place.country?.code, timeZone: place.timeZones.isEmpty ? nil : place.timeZones.joined)
  }
}
