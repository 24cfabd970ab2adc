extension MailRequest {
  /// Why this cannot be put on the wire as it stands; nil where it can. What is not caught here could become another command,
  /// another recipient or another mail.
  var fault: GatewayError? { server.fault ?? envelopeFault ?? message.mailFault }

  private var envelopeFault: GatewayError? {
    guard from.isEmpty || from.utf8.isMailAddress else {
      return GatewayError(.malformed, "the sender is no address that SMTP takes without extensions")
    }
    guard to.utf8.isMailAddress else {
      return GatewayError(.malformed, "the recipient is no address that SMTP takes without extensions")
    }
    return nil
  }
}

extension MailRequest.Server {
  /// What is wrong with it whatever is sent; nil where nothing is.
  public var fault: GatewayError? {
    guard let scheme = ["smtp://", "smtps://"].first(where: { url.hasPrefix($0) }),
      case let host = url.dropFirst(scheme.count), !host.isEmpty, host.utf8.allSatisfy(\.isHostCharacter)
    else { return GatewayError(.malformed, "the server's URL is not smtp:// or smtps:// and host and port") }
    guard hello.map({ !$0.isEmpty && $0.utf8.allSatisfy(\.isHostCharacter) }) ?? true else {
      return GatewayError(.malformed, "the name for EHLO has a character that host names have not")
    }
    guard (user == nil) == (password == nil) else {
      return GatewayError(.malformed, "there is a user without a password, or the other way round")
    }
    for text in [user, password] where !(text?.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ?? true) {
      return GatewayError(.malformed, "user or password has a control character")
    }
    guard user == nil || encryption == .required || scheme == "smtps://" else {
      return GatewayError(.malformed, "a password is sent under TLS alone, and TLS is not required")
    }
    return nil
  }
}

extension String.UTF8View {
  /// What stands between the angle brackets of MAIL and RCPT: no blanks, nothing beyond ASCII, at most 254 characters
  /// (RFC 5321, 4.5.3.1.3). Quoted local parts with blanks exist on paper only.
  fileprivate var isMailAddress: Bool {
    guard count <= 254,
      allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }),
      let at = lastIndex(of: UInt8(ascii: "@"))
    else { return false }
    return at > startIndex && index(after: at) < endIndex
  }
}

extension UInt8 {
  /// Of a name, an IPv4 address, an IPv6 address in brackets, or a port behind any of them.
  fileprivate var isHostCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
      UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }
}

extension [UInt8] {
  /// A CR or LF alone ends a line for some servers and not for others, and lets a mail carry another in it (CVE-2023-51764).
  fileprivate var mailFault: GatewayError? {
    var length = 0
    var before: UInt8 = 0
    for byte in self {
      if (byte == 0x0A) != (before == 0x0D) || byte == 0 {
        return GatewayError(.malformed, "the message has a NUL, or a CR or LF alone")
      }
      // With its CR: RFC 5322, 2.1.1.
      length = byte == 0x0A ? 0 : length + 1
      guard length <= 999 else { return GatewayError(.malformed, "the message has a line of more than 998 bytes") }
      before = byte
    }
    guard length <= 998 else { return GatewayError(.malformed, "the message has a line of more than 998 bytes") }
    return isEmpty || before == 0x0D ? GatewayError(.malformed, "the message is empty, or ends in a CR") : nil
  }

  /// As it goes over the wire: a dot at a line's start doubled, and the line that ends it (RFC 5321, 4.5.2).
  var asMailContent: [UInt8] {
    let dot = UInt8(ascii: ".")
    var content: [UInt8] = []
    content.reserveCapacity(count + 64)
    var begun = startIndex
    // Whole lines are copied; only those that begin with a dot get another before it.
    if first == dot { content.append(dot) }
    while let end = self[begun...].firstIndex(of: 0x0A) {
      content += self[begun...end]
      begun = index(after: end)
      if begun < endIndex, self[begun] == dot { content.append(dot) }
    }
    content += self[begun...]
    if last != 0x0A { content += [0x0D, 0x0A] }
    content += [dot, 0x0D, 0x0A]
    return content
  }
}
