/// A phone number that has been parsed: calling code and national number, as E.164 has them.
///
/// It may be one that no country has given out, or one that cannot be dialled from abroad; `possibility` says so.
public struct PhoneNumber: Hashable, Sendable {
  /// The digits of E.164 without the plus sign, as kept in `bigint` columns.
  public let digits: Int64

  /// Why a text is no phone number.
  public enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
    case notANumber = "not-a-number"
    /// A national form without a country, or a calling code that does not exist.
    case unknownCountry = "unknown-country"
    /// Digits of a known country, too few or too many to be kept as a number. Such a text is as impossible as a number
    /// whose `possibility` says so, and to be treated alike.
    case tooShort = "too-short"
    case tooLong = "too-long"
  }

  /// Whether a number of this length exists in its country. A possible number need not be in any known range: its
  /// `place.kind` is then `unknown`.
  public enum Possibility: String, Hashable, Sendable, CaseIterable {
    case possible
    /// Could be dialled within its area only.
    case localOnly = "local-only"
    case tooShort = "too-short"
    case tooLong = "too-long"
    case impossibleLength = "impossible-length"
  }

  /// Parses UTF-8 as people and systems write numbers: national or international, any spelling. What is not UTF-8
  /// reads as characters that no number has. Allocates nothing.
  /// - Parameter country: the country that a national form is of.
  public init(
    parsing text: UnsafeRawBufferPointer, in country: PhoneCountry? = nil
  ) throws(Refusal) {
    let reading = try PhoneReading(of: text, in: country)
    guard let digits = reading.digits else { throw .tooLong }
    self.digits = digits
  }

  public init(parsing text: String, in country: PhoneCountry? = nil) throws(Refusal) {
    var text = text
    let result: Result<PhoneNumber, Refusal> = text.withUTF8 { bytes in
      do throws(Refusal) {
        return .success(try PhoneNumber(parsing: UnsafeRawBufferPointer(bytes), in: country))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  /// A number that was parsed before it was stored; nil for what cannot have been.
  public init?(digits: Int64) {
    guard PhoneReading(digits: digits) != nil else { return nil }
    self.digits = digits
  }

  var reading: PhoneReading {
    guard let reading = PhoneReading(digits: digits) else { preconditionFailure("a phone number without a reading") }
    return reading
  }

  /// `+8613912345678`.
  public var e164: String { "+\(digits)" }

  public var possibility: Possibility { reading.possibility }

  /// Where it is from, when it is day there, and what kind of number it is. Compute it once per number.
  public var place: PhonePlace { PhonePlace(of: reading) }
}

extension PhoneNumber: Comparable {
  public static func < (one: PhoneNumber, other: PhoneNumber) -> Bool { one.digits < other.digits }
}

extension PhoneNumber: CustomStringConvertible {
  public var description: String { e164 }
}
