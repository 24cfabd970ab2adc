/// Names of the tz database, in the library's order: a small integer into the embedded data.
public struct PhoneTimeZones: Hashable, Sendable {
  let index: UInt16

  static let none = PhoneTimeZones(index: 0xFFFF)

  public var isEmpty: Bool { self == .none }

  /// Joined by commas; empty where none is known.
  public var joined: String {
    isEmpty ? "" : Text(index: Section.timeZones.short(2 * Int(index))).string ?? ""
  }

  public var names: [String] { joined.split(separator: ",").map(String.init) }
}
