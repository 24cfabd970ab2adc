import Contract
import Customers
import Digest
import PhoneNumbers
import Topics
import Values

/// What a registration says, read once for loading and deciding. A class, because both look at it.
final class Registration {
  enum Reading {
    case phone(PhoneNumber)
    /// Digits, but none that can be dialled: kept with the reason, for a person to look at.
    case impossible(String)
    case refused(Refusal)
  }

  let lead: Delivery<LeadRegistered>
  let reading: Reading
  let facts: LeadFacts
  /// Of the ID number; the number itself stays in the event.
  let identity: Fingerprint?
  /// Where it goes unless it turns out to be a customer; asked for only where the phone has no lead yet.
  var route = Route.none

  /// A national form without a country is read as mainland China's.
  static let home = PhoneCountry("CN")

  init(_ lead: Delivery<LeadRegistered>, _ key: IdentityKey?) {
    self.lead = lead
    let event = lead.event
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
