import Contract
import Customers
import Digest
import PhoneNumbers
import Topics
import Values

/// What a registration says. A class, because loading, deciding and writing all look at it.
package final class Registration: Sendable {
  enum Reading: Sendable {
    case phone(PhoneNumber)
    /// Digits, but none that can be dialled: kept with the reason, for a person to look at.
    case impossible(String)
    case refused(Refusal)
  }

  let said: LeadRegistered
  let reading: Reading
  let facts: LeadFacts
  /// Of the ID number; the number itself stays in the event.
  let identity: Fingerprint?

  /// A national form without a country is read as mainland China's.
  static let home = PhoneCountry("CN")

  init(_ event: LeadRegistered, _ key: IdentityKey?) {
    said = event
    var reading = Registration.phone(event)
    var identity: Fingerprint?
    if let number = event.idNumber {
      do throws(IDNumber.Fault) {
        let read = try IDNumber(number, kind: event.idType.flatMap { IDNumber.Kind(rawValue: $0) })
        identity = key?.fingerprint(of: read)
      } catch {
        if case .refused = reading {
        } else {
          reading = .refused(Refusal("not-an-id-number", at: "idNumber", error.rawValue))
        }
      }
    }
    var region: RegionPath?
    if case .phone(let phone) = reading { region = phone.place.regionPath }
    self.reading = reading
    self.identity = identity
    facts = LeadFacts(
      region: region, source: event.source, product: event.product, level: event.level, language: event.language,
      value: event.value)
  }

  private static func phone(_ event: LeadRegistered) -> Reading {
    do throws(PhoneNumber.Refusal) {
      let phone = try PhoneNumber(parsing: event.phone, in: event.country.map { PhoneCountry($0) } ?? home)
      return phone.possibility == .possible ? .phone(phone) : .impossible(phone.possibility.rawValue)
    } catch {
      switch error {
      case .tooShort, .tooLong: return .impossible(error.rawValue)
      case .notANumber, .unknownCountry:
        return .refused(Refusal(restoring: error.rawValue, at: "phone", "this is no phone number of any country"))
      }
    }
  }

  var phone: PhoneNumber? {
    if case .phone(let phone) = reading { phone } else { nil }
  }

  var isRefused: Bool {
    if case .refused = reading { true } else { false }
  }
}
