import Contract
import PhoneNumbers
import Topics

/// What a registration says, read once for loading and deciding. A class, because both look at it.
final class Registration {
  enum Reading {
    case phone(PhoneNumber)
    /// Digits, but none that can be dialled: kept with the reason, for a person to look at.
    case impossible(String)
    case refused(String)
  }

  let lead: Delivery<LeadRegistered>
  let reading: Reading
  let region: RegionPath?
  /// The first rule that matches, where it was asked for.
  var rule: Ruleset.Rule?

  /// A national form without a country is read as mainland China's.
  static let home = PhoneCountry("CN")

  init(_ lead: Delivery<LeadRegistered>) {
    self.lead = lead
    let event = lead.event
    let country = event.country.map { PhoneCountry($0) } ?? Registration.home
    do {
      let phone = try PhoneNumber(parsing: event.phone, in: country)
      let isPossible = phone.possibility == .possible
      reading = isPossible ? .phone(phone) : .impossible(phone.possibility.rawValue)
      region = isPossible ? phone.place.regionPath : nil
    } catch {
      switch error {
      case .tooShort, .tooLong: reading = .impossible(error.rawValue)
      case .notANumber, .unknownCountry: reading = .refused(error.rawValue)
      }
      region = nil
    }
  }

  var phone: PhoneNumber? {
    if case .phone(let phone) = reading { phone } else { nil }
  }

  var regionName: String? { region?.description }
}
