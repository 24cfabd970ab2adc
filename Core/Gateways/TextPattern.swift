internal import Values

/// What a text looks like: `0: Accepted*`, `OK:{id}`, `*<code>{code}</code>*`. A star stands for anything, braces too and give
/// it a name, a backslash before either stands for the sign itself.
///
/// No regular expression: a gateway's bytes are matched in one pass, whatever they are, and nothing has to be escaped that
/// gateways write.
struct TextPattern: Sendable, Hashable {
  /// What has to be there, in this order; between two of them anything may be.
  private let literals: [[UInt8]]
  /// Of what stands between them; nil for a star.
  private let names: [String?]

  init(_ text: String, names known: [String] = [], at place: String) throws(Refusal) {
    var literals: [[UInt8]] = [[]]
    var names: [String?] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let next = rest.popFirst() else {
          throw Refusal("not-a-pattern", at: place, "a backslash stands before the sign that it takes the meaning of")
        }
        literals[literals.count - 1].append(next)
      case UInt8(ascii: "*"):
        names.append(nil)
        literals.append([])
      case UInt8(ascii: "{"):
        let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "}") }, as: UTF8.self)
        guard known.contains(name), !names.contains(name) else {
          let words = known.isEmpty ? "no braces" : known.map { "{\($0)}" }.joined(separator: ", ") + ", each once,"
          throw Refusal("not-a-pattern", at: place, "\(words) can stand here; \\{ is the sign itself")
        }
        rest = rest.dropFirst(name.utf8.count + 1)
        names.append(name)
        literals.append([])
      default: literals[literals.count - 1].append(byte)
      }
    }
    guard literals.dropFirst().dropLast().allSatisfy({ !$0.isEmpty }) else {
      throw Refusal("not-a-pattern", at: place, "something has to stand between two things that may be anything")
    }
    self.literals = literals
    self.names = names
  }

  func matches(_ text: some Collection<UInt8>) -> Bool { parts(of: text) != nil }

  /// What the names stand for; nil where the text looks different. The first place where a literal fits is its place.
  func parts(of text: some Collection<UInt8>) -> [String: String]? {
    let text = Array(text)
    guard text.starts(with: literals[0]) else { return nil }
    guard literals.count > 1 else { return text.count == literals[0].count ? [:] : nil }
    var parts: [String: String] = [:]
    var at = literals[0].count
    for (index, name) in names.enumerated() {
      let literal = literals[index + 1]
      let found: Int?
      if index == names.count - 1 {
        let start = text.count - literal.count
        found = start >= at && text[start...].elementsEqual(literal) ? start : nil
      } else {
        found = TextPattern.first(literal, in: text, from: at)
      }
      guard let found else { return nil }
      if let name { parts[name] = String(decoding: text[at..<found], as: UTF8.self) }
      at = found + literal.count
    }
    return parts
  }

  private static func first(_ literal: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    guard text.count - start >= literal.count else { return nil }
    return (start...text.count - literal.count).first { text[$0] == literal[0] && text[$0...].starts(with: literal) }
  }
}
