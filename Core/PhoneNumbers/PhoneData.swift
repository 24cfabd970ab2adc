// Phone numbers as Google's libphonenumber sees them.
//
// Invariants of this room:
// - A `PhoneNumber` exists only if it was parsed here, or was read back from where one was stored.
// - Parsing, region, kind and time zone allocate nothing and never run longer than their input, at most 250
//   characters, is long.
// - Every table is in `phone.bin`, derived from PyPI's `phonenumbers`; a rule is written in Swift only where the
//   library has it in code, and the generator refuses a library version whose code-side constants differ.

internal import CPhoneData

/// The sections of `phone.bin`, in the order in which `ops/phone-data/generate.py` writes them.
enum Section: Int {
  case libraryVersion, unicodeVersion
  case callingCodes, plans, regionsByLetters, regions
  case numberNodes, numberOutputs, outcomes
  case prefixNodes, prefixOutcomes
  case placeHeaders, placeEntries, placeRecords, pathExceptions, paths, timeZones
  case carrierHeaders, carrierEntries, carrierRecords
  case characterPageOf, characterPages, characterClasses, viableRows, extensionRows
  case textOffsets, texts

  @inline(__always)
  var start: UnsafeRawPointer {
    let data = UnsafeRawPointer(phone_data())
    return data + Int(data.load(fromByteOffset: 16 + 8 * rawValue, as: UInt32.self))
  }

  /// In bytes.
  @inline(__always)
  var size: Int {
    Int(UnsafeRawPointer(phone_data()).load(fromByteOffset: 20 + 8 * rawValue, as: UInt32.self))
  }

  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }

  @inline(__always)
  func short(_ offset: Int) -> UInt16 { start.load(fromByteOffset: offset, as: UInt16.self) }

  @inline(__always)
  func word(_ offset: Int) -> UInt32 { start.load(fromByteOffset: offset, as: UInt32.self) }
}

/// The digits of a number, each 0 to 9.
typealias Digits = UnsafeBufferPointer<UInt8>

extension Digits {
  @inline(__always)
  func dropping(_ count: Int) -> Digits { Digits(rebasing: self[count...]) }
}

/// A name in the data; `none` where the library has an empty one.
struct Text: Hashable {
  var index: UInt16

  static let none = Text(index: 0xFFFF)

  var bytes: UnsafeRawBufferPointer {
    let start = Int(Section.textOffsets.word(4 * Int(index)))
    let end = Int(Section.textOffsets.word(4 * Int(index) + 4))
    return UnsafeRawBufferPointer(start: Section.texts.start + start, count: end - start)
  }

  var string: String? {
    self == .none ? nil : String(decoding: bytes, as: UTF8.self)
  }
}

/// The version of the library, and of Unicode, that the data was derived from.
public enum PhoneDataVersion {
  public static var library: String { text(.libraryVersion) }
  public static var unicode: String { text(.unicodeVersion) }

  private static func text(_ section: Section) -> String {
    String(decoding: UnsafeRawBufferPointer(start: section.start, count: section.size), as: UTF8.self)
  }
}
