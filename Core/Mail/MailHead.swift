/// The head of a mail that came, of a part of one, or a group of a report's fields, which look the same (RFC 5322, 2.2; RFC 3464, 2.1).
/// Of any bytes: what is no field is passed over.
struct MailHead {
  /// Names in small letters, values in one line.
  private(set) var fields: [(name: String, value: String)] = []

  /// Nobody sends more in good faith.
  private static let mostFields = 500
  private static let longestValue = 4000

  init() {}

  /// Reads up to the empty line, and takes it all away from `rest`. Lines end in CR LF or, in a Maildir, in LF.
  init(reading rest: inout ArraySlice<UInt8>) {
    var name = ""
    var value: [UInt8] = []
    func field() -> (String, String)? {
      guard !name.isEmpty else { return nil }
      return (name, String(decoding: value, as: UTF8.self).trimmed)
    }
    while let line = rest.takeLine(), !line.isEmpty {
      if line.first!.isBlank {
        if value.count + line.count <= MailHead.longestValue { value += line }
        continue
      }
      if let field = field(), fields.count < MailHead.mostFields { fields.append(field) }
      name = ""
      value = []
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { continue }
      let written = line[..<colon]
      guard written.count <= 100, written.allSatisfy({ $0.isVisible || $0.isBlank }) else { continue }
      name = String(decoding: written.map(\.lowered), as: UTF8.self).trimmed
      value = Array(line[line.index(after: colon)...].prefix(MailHead.longestValue))
    }
    if let field = field(), fields.count < MailHead.mostFields { fields.append(field) }
  }

  /// The first of this name.
  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  func all(_ names: [String]) -> [String] { names.flatMap { name in fields.filter { $0.name == name }.map(\.value) } }
}

extension ArraySlice<UInt8> {
  /// The first line without its end; nil where there is none.
  mutating func takeLine() -> ArraySlice<UInt8>? {
    guard !isEmpty else { return nil }
    let end = firstIndex(of: .lf) ?? endIndex
    var line = self[..<end]
    self = end < endIndex ? self[(end + 1)...] : self[end...]
    if line.last == .cr { line.removeLast() }
    return line
  }
}
