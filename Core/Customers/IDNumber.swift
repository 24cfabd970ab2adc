/// The number of an identity document, in the one spelling under which it is compared. It never shows itself: what is
/// kept of it is its fingerprint under the firm's key.
public struct IDNumber: Hashable, Sendable {
  /// What the document is. The same number on documents of two kinds is not the same person.
  public enum Kind: String, CaseIterable, Sendable {
    /// Mainland China's resident identity number (GB 11643), also of residence permits that carry one.
    case resident
    case passport
    case hkMacaoPermit = "hk-macao-permit"
    case taiwanPermit = "taiwan-permit"
    /// A legal person's unified social credit code or registration.
    case organisation
    case other
  }

  /// Why a text is no such number.
  public enum Fault: String, Error, CaseIterable, Sendable {
    /// No letter and no digit is in it.
    case empty
    /// A resident's number has 15 or 18 places.
    case length = "wrong-length"
    /// A resident's number has digits, and at most an X at its end.
    case characters = "wrong-characters"
    /// The birthday in it is no day.
    case birthday = "no-such-birthday"
    case checkDigit = "wrong-check-digit"
  }

  public let kind: Kind
  let text: String

  /// Blanks, dashes and brackets are left out, full-width characters folded, letters made capital. A resident's number of
  /// 15 digits (before 1999) becomes the 18 that took its place.
  /// - Parameter kind: nil is a resident's where it has the shape of one, else `other`.
  public init(_ written: String, kind: Kind? = nil) throws(Fault) {
    let folded = IDNumber.folded(written)
    guard !folded.isEmpty else { throw .empty }
    self.kind = kind ?? (IDNumber.looksLikeResident(folded) ? .resident : .other)
    text = self.kind == .resident ? try IDNumber.resident(folded) : folded
  }

  static func folded(_ written: String) -> String {
    var folded = String.UnicodeScalarView()
    for scalar in written.unicodeScalars {
      // Full-width forms lie in the order of ASCII.
      let narrow =
        (0xFF01...0xFF5E).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar : scalar
      if narrow.isASCII ? narrow.isLetterOrDigit : narrow.properties.isAlphabetic { folded.append(narrow) }
    }
    return String(folded).uppercased()
  }

  private static func looksLikeResident(_ text: String) -> Bool {
    let places = text.utf8.count
    return places == 15 && text.utf8.allSatisfy(\.isDigit)
      || places == 18 && text.utf8.prefix(17).allSatisfy(\.isDigit)
  }

  private static func resident(_ text: String) throws(Fault) -> String {
    var places = Array(text.utf8)
    guard places.count == 15 || places.count == 18 else { throw .length }
    let isLong = places.count == 18
    guard places.prefix(17).allSatisfy(\.isDigit), !isLong || places[17].isDigit || places[17] == UInt8(ascii: "X")
    else { throw .characters }
    if !isLong {
      // Serial numbers 996 to 999 were kept for people who were a hundred already.
      let century =
        places[12...].elementsEqual("996".utf8) || places[12...].elementsEqual("997".utf8)
        || places[12...].elementsEqual("998".utf8) || places[12...].elementsEqual("999".utf8)
      places.insert(contentsOf: century ? "18".utf8 : "19".utf8, at: 6)
    }
    guard isDay(places) else { throw .birthday }
    let check = checkDigit(places[..<17])
    if isLong {
      guard places[17] == check else { throw .checkDigit }
    } else {
      places.append(check)
    }
    return String(decoding: places, as: UTF8.self)
  }

  /// GB 11643, which takes ISO 7064 MOD 11-2.
  private static func checkDigit(_ digits: ArraySlice<UInt8>) -> UInt8 {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    let sum = zip(digits, weights).reduce(0) { $0 + Int($1.0 - 48) * $1.1 }
    return Array("10X98765432".utf8)[sum % 11]
  }

  private static func isDay(_ places: [UInt8]) -> Bool {
    func number(_ range: Range<Int>) -> Int { places[range].reduce(0) { $0 * 10 + Int($1 - 48) } }
    let (year, month, day) = (number(6..<10), number(10..<12), number(12..<14))
    guard (1800...2199).contains(year), (1...12).contains(month), day >= 1 else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= days[month - 1]
  }
}

extension IDNumber: CustomStringConvertible, CustomReflectable {
  public var description: String { "\(kind.rawValue) ***" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (48...57).contains(self) }
}

extension Unicode.Scalar {
  fileprivate var isLetterOrDigit: Bool {
    (48...57).contains(value) || (65...90).contains(value & ~0x20)
  }
}
