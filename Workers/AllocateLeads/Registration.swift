import PhoneNumbers
import Topics

/// What a registration's phone says.
struct Registration {
  enum Reading {
    case phone(PhoneNumber)
    /// Digits, but none that can be dialled: kept with the reason, for a person to look at.
    case impossible(String)
    case refused(String)
  }

  let reading: Reading
  let region: RegionPath?

  /// A national form without a country is read as mainland China's.
  static let home = PhoneCountry("CN")

  init(_ event: LeadRegistered) {
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
