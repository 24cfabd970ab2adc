/// What a text comes to as a short message: how it is encoded, and the parts that it is sent in.
///
/// Invariants: the parts joined are the text; no part's end cuts a surrogate pair or an escape from its character; every
/// part but the last is as full as that allows. The text is taken as it is: nothing is replaced to make it cheaper.
///
/// Sources: 3GPP TS 23.038 (alphabets), TS 23.040, 9.2.3.24.1 (a part of several loses six octets to a header that
/// numbers parts in one octet).
public struct ShortMessage: Hashable, Sendable {
  public enum Encoding: String, Sendable {
    /// The GSM 7 bit default alphabet and its extension: a unit is a septet.
    case gsm7 = "GSM-7"
    /// UCS-2 as telephones take it today, UTF-16: a unit is two octets.
    case ucs2 = "UCS-2"

    /// Units of a message in one part.
    public var alone: Int { self == .gsm7 ? 160 : 70 }
    /// Units of each of several parts.
    public var joined: Int { self == .gsm7 ? 153 : 67 }
  }

  /// The most that the header can number.
  public static let mostParts = 255

  public let encoding: Encoding
  /// In order; one empty part for an empty text.
  public let parts: [String]
  /// Septets or UTF-16 units of the whole text, headers not counted.
  public let units: Int
  /// Units that the last part has left.
  public let left: Int
  /// The first character that the GSM alphabet lacks: why the message is in UCS-2. nil in GSM-7.
  public let foreign: Unicode.Scalar?

  /// nil for a text that needs more than `mostParts`.
  public init?(_ text: String) {
    var foreign: Unicode.Scalar?
    var units = 0
    for scalar in text.unicodeScalars {
      guard let septets = GSMAlphabet.septets(scalar) else {
        foreign = scalar
        break
      }
      units += septets
    }
    let encoding: Encoding = foreign == nil ? .gsm7 : .ucs2
    if foreign != nil { units = text.utf16.count }
    guard units <= ShortMessage.mostParts * encoding.joined else { return nil }
    self.encoding = encoding
    self.units = units
    self.foreign = foreign
    guard units > encoding.alone else {
      left = encoding.alone - units
      parts = [text]
      return
    }
    var pieces = Pieces(of: encoding.joined)
    for scalar in text.unicodeScalars {
      pieces.add(scalar, encoding == .gsm7 ? GSMAlphabet.septets(scalar) ?? 0 : UTF16.width(scalar))
    }
    // Ends that leave a unit free may have made one part more.
    guard pieces.all.count < ShortMessage.mostParts else { return nil }
    left = pieces.room - pieces.used
    parts = pieces.all + [String(pieces.current)]
  }

  /// With the sender's signature in front, as gateways of mainland China demand it: `【Firm】text`.
  public init?(_ text: String, signature: String?) {
    self.init(ShortMessage.signed(text, signature))
  }

  public static func signed(_ text: String, _ signature: String?) -> String {
    signature.map { "【\($0)】\(text)" } ?? text
  }
}

/// Parts as they fill up.
private struct Pieces {
  let room: Int
  var all: [String] = []
  var current = String.UnicodeScalarView()
  var used = 0

  init(of room: Int) { self.room = room }

  mutating func add(_ scalar: Unicode.Scalar, _ units: Int) {
    if used + units > room {
      all.append(String(current))
      current = String.UnicodeScalarView()
      used = 0
    }
    current.append(scalar)
    used += units
  }
}
