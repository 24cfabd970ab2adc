internal import Templates
public import Values

/// Somebody's address, with the name that stands before it: `Firm 客户服务 <news@firm.example>`.
///
/// Of RFC 5322, 3.4, what is in use: one address, no comments, no route, no quoted local part. The local part is ASCII, since SMTP
/// takes nothing else without an extension that few servers have (RFC 6531); the domain may be in any script, and becomes ASCII.
public struct Mailbox: Sendable, Hashable {
  /// One line, without quotation marks around it.
  public let name: String?
  /// ASCII, the domain in small letters and A-labels (RFC 5890, 2.3.2.1).
  public let address: String

  /// - Parameter name: an empty one is none.
  public init(name: String? = nil, address: some StringProtocol) throws(Refusal) {
    let at = address.lastIndex(of: "@") ?? address.lastIndex(of: "＠")
    guard let at, let local = Mailbox.local(address[..<at]),
      let domain = DomainName(address[address.index(after: at)...]),
      local.utf8.count + 1 + domain.text.utf8.count <= 254
    else {
      throw Refusal("not-an-address", "this is no address that mail servers take: name@domain, the name in ASCII")
    }
    let name = name?.trimmed
    guard name?.isFitForHeader ?? true, name?.utf8.count ?? 0 <= Mailbox.longestName else {
      throw Refusal(
        "not-a-header", "a name is one line of \(Mailbox.longestName) bytes at most, without control characters")
    }
    self.name = name.flatMap { $0.isEmpty ? nil : $0 }
    self.address = local + "@" + domain.text
  }

  /// Reads `news@firm.example`, `<news@firm.example>`, `Firm <news@firm.example>` and `"Firm, Ltd." <news@firm.example>`.
  public init(parsing text: some StringProtocol) throws(Refusal) {
    let text = String(text).trimmed
    guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
      try self.init(address: text)
      return
    }
    let name = String(text[..<open]).trimmed
    guard let bare = Mailbox.unquoted(name) else {
      throw Refusal(
        "not-an-address", "the name before the address has a quotation mark, an angle bracket or a comma too many")
    }
    try self.init(name: bare, address: text[text.index(after: open)...].dropLast())
  }

  /// Bytes; several lines of encoded-words, but not a page.
  static let longestName = 250

  /// What stands behind the `@`.
  public var domain: Substring { address[address.index(after: address.lastIndex(of: "@")!)...] }

  /// RFC 5322, 3.2.3, dot-atom; at most 64 bytes (RFC 5321, 4.5.3.1.1).
  private static func local(_ text: some StringProtocol) -> String? {
    let atoms = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard text.utf8.count <= 64, atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isAtomText) }) else { return nil }
    return String(text)
  }

  /// A quoted string without its quotation marks and backslashes (RFC 5322, 3.2.4); anything else that is one name as it is.
  private static func unquoted(_ name: String) -> String? {
    guard name.hasPrefix("\"") else { return name.contains { "<>\",;".contains($0) } ? nil : name }
    var out = String.UnicodeScalarView()
    var rest = name.unicodeScalars.dropFirst()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"": return rest.isEmpty ? String(out) : nil
      case "\\":
        guard let next = rest.popFirst() else { return nil }
        out.append(next)
      default: out.append(scalar)
      }
    }
    return nil
  }
}

extension String {
  var isFitForHeader: Bool { unicodeScalars.allSatisfy(Templates.isFitForHeader) }

  /// Without blanks of any kind around it.
  var trimmed: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
