internal import Values

/// A mail that came, or a part of one (RFC 2045, 2.4), as far as a report needs to be found in it.
struct MailEntity {
  let head: MailHead
  let body: ArraySlice<UInt8>
  /// In small letters: `multipart/report`.
  let type: String
  private let parameters: [String: String]

  /// Parts of parts of parts.
  private static let deepest = 5
  private static let mostParts = 100

  init(reading bytes: ArraySlice<UInt8>) {
    var rest = bytes
    head = MailHead(reading: &rest)
    body = rest
    (type, parameters) = MailEntity.contentType(head["content-type"] ?? "")
  }

  /// What is not made of parts, in order. What is enclosed as a mail is one thing, whatever it is made of.
  var leaves: [MailEntity] {
    var leaves: [MailEntity] = []
    collect(into: &leaves, depth: 0)
    return leaves
  }

  private func collect(into leaves: inout [MailEntity], depth: Int) {
    guard leaves.count < MailEntity.mostParts else { return }
    guard type.hasPrefix("multipart/"), depth < MailEntity.deepest, let boundary = parameters["boundary"],
      !boundary.isEmpty
    else { return leaves.append(self) }
    for part in parts(Array("--\(boundary)".utf8)).prefix(MailEntity.mostParts) {
      MailEntity(reading: part).collect(into: &leaves, depth: depth + 1)
    }
  }

  /// Between lines that begin with the delimiter (RFC 2046, 5.1.1). A mail that was cut has its last part all the same.
  private func parts(_ delimiter: [UInt8]) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var begin: Int?
    var rest = body
    while case let start = rest.startIndex, let line = rest.takeLine() {
      guard line.starts(with: delimiter) else { continue }
      let tail = line.dropFirst(delimiter.count)
      let isLast = tail.starts(with: "--".utf8)
      guard tail.dropFirst(isLast ? 2 : 0).allSatisfy(\.isBlank) else { continue }
      if let begin { parts.append(body[begin..<start]) }
      begin = isLast ? nil : rest.startIndex
      if isLast { break }
    }
    if let begin { parts.append(body[begin...]) }
    return parts
  }

  // MARK: Content

  /// As it was before it was encoded.
  var content: [UInt8] {
    switch head["content-transfer-encoding"]?.lowercased() {
    case "base64":
      var decoder = Base64Decoder()
      // What is no letter is passed over, and the padding ends it (RFC 2045, 6.8).
      for byte in body {
        if byte == UInt8(ascii: "=") { break }
        _ = decoder.take(byte)
      }
      return decoder.bytes
    case "quoted-printable": return MailEntity.unquoted(body)
    default: return Array(body)
    }
  }

  /// RFC 2045, 6.7. A sign that no two hexadecimal digits and no line's end follow stands for itself.
  private static func unquoted(_ body: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var rest = body
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "=") else {
        out.append(byte)
        continue
      }
      if let high = rest.first?.hexValue, let low = rest.dropFirst().first?.hexValue {
        out.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else if rest.first == .lf {
        rest = rest.dropFirst()
      } else if rest.first == .cr, rest.dropFirst().first == .lf {
        rest = rest.dropFirst(2)
      } else {
        out.append(byte)
      }
    }
    return out
  }

  // MARK: Content-Type

  /// RFC 2045, 5.1. Names in small letters; the first of a name counts.
  private static func contentType(_ text: String) -> (String, [String: String]) {
    var rest = Array(text.utf8)[...]
    let type = rest.prefix { $0 != UInt8(ascii: ";") }
    rest = rest.dropFirst(type.count + 1)
    var parameters: [String: String] = [:]
    while !rest.isEmpty {
      let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
      rest = rest.dropFirst(name.count)
      guard rest.popFirst() == UInt8(ascii: "=") else { continue }
      let value = takeValue(&rest)
      let key = String(decoding: name.map(\.lowered), as: UTF8.self).trimmed
      if parameters[key] == nil { parameters[key] = String(decoding: value, as: UTF8.self) }
    }
    let word = String(decoding: type.map(\.lowered), as: UTF8.self).trimmed
    return (word.isEmpty ? "text/plain" : word, parameters)
  }

  /// A token or a quoted string, and all up to the next parameter.
  private static func takeValue(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
    rest = rest.drop(while: \.isBlank)
    var value: [UInt8] = []
    if rest.first == UInt8(ascii: "\"") {
      rest = rest.dropFirst()
      while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
        if byte == UInt8(ascii: "\\"), let next = rest.popFirst() { value.append(next) } else { value.append(byte) }
      }
    } else {
      value = Array(rest.prefix { $0 != UInt8(ascii: ";") && !$0.isBlank })
    }
    rest = rest.drop { $0 != UInt8(ascii: ";") }.dropFirst()
    return value
  }
}
