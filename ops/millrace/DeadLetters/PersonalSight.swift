internal import Observe
internal import Postgres

/// How much of a person's data is printed: masked, unless the login may see it and asks to.
struct PersonalSight {
  private let reveals: Bool

  init(_ invocation: Invocation, _ session: Connection, _ what: String) throws {
    reveals = invocation.flag("--reveal")
    guard reveals else { return }
    guard try session.rows("select may_reveal()")[0].boolean(0) else {
      throw Failure.no("this login may not see persons' data: it lacks the role millrace_reveal.")
    }
    try OperatorAction.record(invocation, "saw the personal data of \(what)", session)
  }

  /// For tests.
  init(reveals: Bool) { self.reveals = reveals }

  func shown(_ bytes: [UInt8]) -> String {
    if reveals { return Bytes.shown(bytes) }
    guard let text = String(validating: bytes, as: UTF8.self) else { return "\(bytes.count) bytes that are not UTF-8" }
    return Masker.mask(PersonalMembers.masked(text))
  }

  /// Ids and sources are what an operator looks for.
  func header(_ name: String, _ value: [UInt8]) -> String {
    let isOurs = ["ce_", "millrace_", "__dlq.", "traceparent", "content-type"].contains { name.hasPrefix($0) }
    return isOurs ? Bytes.shown(value) : shown(value)
  }
}

/// Members of JSON that name a person, whatever stands in them: found by their names in the bytes, so that text which is no
/// JSON any more is masked as well.
enum PersonalMembers {
  private static let names: Set = [
    "name", "otherNames", "idNumber", "phone", "email", "birthday", "number", "customerNumber", "amount", "address",
  ]

  /// Every string that follows such a name, up to the member's end, becomes `***`; so does a number.
  static func masked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var masked: [UInt8] = []
    var at = 0
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "\"") else {
        masked.append(bytes[at])
        at += 1
        continue
      }
      let end = string(bytes, at)
      masked += bytes[at..<end]
      let name = String(decoding: bytes[min(at + 1, end)..<max(at + 1, end - 1)], as: UTF8.self)
      at = end
      guard names.contains(name), let value = valueStart(bytes, at) else { continue }
      masked += bytes[at..<value]
      at = value
      hide(bytes, &at, &masked)
    }
    return String(decoding: masked, as: UTF8.self)
  }

  /// Behind the closing quote of the string that begins here, or at the end.
  private static func string(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start + 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
    return min(at + 1, bytes.count)
  }

  private static func valueStart(_ bytes: [UInt8], _ end: Int) -> Int? {
    var at = end
    while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
    guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return nil }
    at += 1
    while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
    return at < bytes.count ? at : nil
  }

  private static func hide(_ bytes: [UInt8], _ at: inout Int, _ masked: inout [UInt8]) {
    let stars = Array("\"***\"".utf8)
    switch bytes[at] {
    case UInt8(ascii: "\""):
      at = string(bytes, at)
      masked += stars
    case UInt8(ascii: "["):
      // Strings up to the array's end; what else is in it stays.
      while at < bytes.count, bytes[at] != UInt8(ascii: "]") {
        if bytes[at] == UInt8(ascii: "\"") {
          at = string(bytes, at)
          masked += stars
        } else {
          masked.append(bytes[at])
          at += 1
        }
      }
    case UInt8(ascii: "{"): break
    default:
      // A number, or something that is none.
      let start = at
      while at < bytes.count, ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[at]),
        bytes[at] > 0x20
      {
        at += 1
      }
      masked += bytes[start..<at].elementsEqual("null".utf8) ? Array("null".utf8) : stars
    }
  }
}
