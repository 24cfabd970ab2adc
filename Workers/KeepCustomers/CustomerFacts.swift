import Contract
import Customers
import Digest
import JSON
import PhoneNumbers
import Topics
import Values

/// What a profile says, made fit for the table. What cannot be used is left out and named among the flaws: a customer's
/// consent must not wait for somebody to mend their phone number. A class, because it is passed on for every column.
final class CustomerFacts: Sendable {
  struct Phone: Equatable, Sendable {
    let digits: Int64
    let kind: String?
    /// nil where nobody knows the region of such a number.
    let region: RegionPath?
  }

  struct Consent: Equatable, Sendable {
    let slot: Int64
    let at: Timestamp
    let source: String
  }

  let profile: CustomerProfile.Profile
  /// Of all that it says but its version; the ID number is in it by its keyed fingerprint alone.
  let data: Fingerprint
  let identity: Fingerprint?
  let phones: [Phone]
  let email: String?
  let birthday: String?
  let tags: [String]
  let consented: Int32
  let refused: Int32
  let consents: [Consent]
  let flaws: [String]
  /// The keys by which leads are converted: those of customers who still are some.
  let keys: CustomerKeys

  /// A national form without a country is read as mainland China's.
  private static let home = PhoneCountry("CN")

  init(_ profile: CustomerProfile.Profile, _ key: IdentityKey, happened: Timestamp) {
    var flaws: [String] = []
    self.profile = profile
    identity = CustomerFacts.identity(profile, key, &flaws)
    data = CustomerFacts.data(profile, key, identity)
    phones = CustomerFacts.phones(profile.phones, &flaws)
    email = CustomerFacts.email(profile.email, &flaws)
    birthday = CustomerFacts.birthday(profile.birthday, happened, &flaws)
    var tags: Set<String> = []
    self.tags = profile.tags.filter { tags.insert($0).inserted }
    var given: Int32 = 0
    var refused: Int32 = 0
    consents = profile.consents.map { consent in
      let slot = CustomerFacts.slot(consent)
      if consent.given { given |= 1 << slot } else { refused |= 1 << slot }
      return Consent(slot: Int64(slot), at: consent.at, source: consent.source)
    }.sorted { $0.slot < $1.slot }
    consented = given
    self.refused = refused
    self.flaws = flaws
    keys =
      profile.status == .closed
      ? .none : CustomerKeys(identity: identity, number: profile.number, phones: phones.map(\.digits))
  }

  var told: CustomerVersion { profile.customer }

  private static func identity(
    _ profile: CustomerProfile.Profile, _ key: IdentityKey, _ flaws: inout [String]
  ) -> Fingerprint? {
    guard let written = profile.idNumber else { return nil }
    do {
      return key.fingerprint(of: try IDNumber(written, kind: profile.idType.flatMap { IDNumber.Kind(rawValue: $0) }))
    } catch {
      flaws.append("idNumber: \(error.rawValue)")
      return nil
    }
  }

  private static func data(
    _ profile: CustomerProfile.Profile, _ key: IdentityKey, _ identity: Fingerprint?
  ) -> Fingerprint {
    var said = profile
    said.customer = CustomerVersion(id: profile.customer.id, version: 1)
    // One that is wrong differs from none, and is as secret as a right one.
    said.idNumber = profile.idNumber.map { written in
      let found = identity ?? key.fingerprint(ofData: Array(written.utf8))
      return String(found.high, radix: 16) + String(found.low, radix: 16)
    }
    return key.fingerprint(ofData: JSONWriter.object { CustomerProfile.profile(said).write(to: &$0) })
  }

  private static func phones(_ written: [CustomerProfile.Phone], _ flaws: inout [String]) -> [Phone] {
    var phones: [Phone] = []
    for (place, phone) in written.enumerated() {
      let country = phone.country.map { PhoneCountry($0) } ?? home
      do {
        let number = try PhoneNumber(parsing: phone.number, in: country)
        guard number.possibility == .possible else {
          flaws.append("phones[\(place)]: \(number.possibility.rawValue)")
          continue
        }
        if !phones.contains(where: { $0.digits == number.digits }) {
          phones.append(
            Phone(digits: number.digits, kind: phone.kind?.rawValue, region: number.place.regionPath))
        }
      } catch {
        flaws.append("phones[\(place)]: \(error.rawValue)")
      }
    }
    return phones
  }

  /// RFC 5321 as far as a sender needs it: something, one @, a domain of several parts, no blank.
  private static func email(_ written: String?, _ flaws: inout [String]) -> String? {
    guard let written else { return nil }
    let parts = written.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    let isAddress =
      parts.count == 2 && !parts[0].isEmpty && parts[1].split(separator: UInt8(ascii: ".")).count > 1
      && !written.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    if !isAddress { flaws.append("email: not-an-address") }
    return isAddress ? written : nil
  }

  /// Nobody who lives was born before 1880, or after the profile was written.
  private static func birthday(_ written: String?, _ happened: Timestamp, _ flaws: inout [String]) -> String? {
    guard let written else { return nil }
    let isPlausible = written >= "1880" && written <= happened.adding(seconds: 86_400).rfc3339.prefix(10)
    if !isPlausible { flaws.append("birthday: implausible") }
    return isPlausible ? written : nil
  }

  /// As `consent_slot` in the database has it.
  static func slot(_ consent: CustomerProfile.Consent) -> Int {
    let channel = CustomerProfile.Consent.Channel.allCases.firstIndex(of: consent.channel) ?? 0
    let purpose = CustomerProfile.Consent.Purpose.allCases.firstIndex(of: consent.purpose) ?? 0
    return channel * 3 + purpose
  }
}
