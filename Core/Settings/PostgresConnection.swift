/// How to reach PostgreSQL: a conninfo string in one of libpq's two forms, or nothing, which lets libpq read `PG…`.
///
/// Source: PostgreSQL documentation, "Connection Strings" (keyword/value and URI).
public struct PostgresConnection: Sendable, Equatable, CustomStringConvertible {
  /// For libpq only: it may hold a password. Empty means that libpq's own `PG…` variables and defaults apply.
  public let conninfo: String

  public init(_ conninfo: String) { self.conninfo = conninfo }

  /// The same with one more parameter, which wins over one given before.
  public func adding(_ keyword: String, _ value: String) -> PostgresConnection {
    if isURI {
      let mark = conninfo.contains("?") ? "&" : "?"
      return PostgresConnection("\(conninfo)\(mark)\(keyword)=\(percentEncoded(value))")
    }
    let quoted = value.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : "\($1)" }
    return PostgresConnection(conninfo + (conninfo.isEmpty ? "" : " ") + "\(keyword)='\(quoted)'")
  }

  /// Host, user and database as given; every password masked.
  public var description: String {
    guard !conninfo.isEmpty else { return "from PG… variables" }
    return isURI ? maskedURI : maskedKeywords
  }

  private var isURI: Bool { conninfo.hasPrefix("postgresql://") || conninfo.hasPrefix("postgres://") }

  /// Whether libpq would take this for a connection string; only its shape is checked.
  fileprivate var looksRight: Bool { isURI || (conninfo.contains("=") && !conninfo.contains("://")) }

  fileprivate var hasPassword: Bool {
    guard isURI else { return keywords.contains { $0.keyword == "password" } }
    let rest = conninfo.drop { $0 != "/" }.dropFirst(2)
    // As libpq does: user and password end at the first @ that stands before any slash.
    let authority = rest.prefix { $0 != "/" }
    let user = authority.prefix { $0 != "@" }
    return (user.count < authority.count && user.contains(":"))
      || rest.contains("?password=") || rest.contains("&password=")
  }

  /// Masks too much rather than too little: whatever stands between the first colon and the last @.
  private var maskedURI: String {
    let scheme = conninfo.prefix { $0 != "/" } + "//"
    var rest = conninfo.dropFirst(scheme.count)
    if let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
      rest.replaceSubrange(colon..<at, with: ":***")
    }
    let address = rest.prefix { $0 != "?" }
    guard address.count < rest.count else { return "\(scheme)\(rest)" }
    let parameters = rest.dropFirst(address.count + 1).split(separator: "&", omittingEmptySubsequences: false)
    let masked = parameters.map { parameter in
      let name = parameter.prefix { $0 != "=" }
      return isSecret(name) ? "\(name)=***" : String(parameter)
    }
    return "\(scheme)\(address)?\(masked.joined(separator: "&"))"
  }

  private var maskedKeywords: String {
    keywords.map { "\($0.keyword)=\(isSecret($0.keyword[...]) ? "***" : $0.value)" }.joined(separator: " ")
  }

  /// Keyword and value pairs as libpq splits them: quotes and backslashes undone.
  private var keywords: [(keyword: String, value: String)] {
    var pairs: [(keyword: String, value: String)] = []
    var rest = conninfo[...]
    while true {
      rest = rest.drop(while: \.isWhitespace)
      guard let equals = rest.firstIndex(of: "=") else { return pairs }
      let keyword = rest[..<equals].filter { !$0.isWhitespace }
      rest = rest[rest.index(after: equals)...].drop(while: \.isWhitespace)
      let isQuoted = rest.first == "'"
      if isQuoted { rest.removeFirst() }
      var value = ""
      while let next = rest.popFirst(), isQuoted ? next != "'" : !next.isWhitespace {
        value.append(next == "\\" ? rest.popFirst() ?? next : next)
      }
      pairs.append((keyword, value))
    }
  }
}

private func isSecret(_ keyword: Substring) -> Bool { keyword.hasSuffix("password") || keyword.hasSuffix("secret") }

/// Everything but RFC 3986's unreserved characters, as `%XX`.
private func percentEncoded(_ text: String) -> String {
  text.utf8.reduce(into: "") { encoded, byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }
}

extension Setting<PostgresConnection> {
  /// PostgreSQL's address: `DATABASE_URL` where set, otherwise libpq's own variables.
  public static var postgres: Setting {
    Setting(
      "DATABASE_URL",
      help: [
        HelpEntry(
          name: "DATABASE_URL[_FILE]",
          text: "PostgreSQL's address (postgresql://user:password@host:5432/database or libpq's keyword=value form; "
            + "not set by default: libpq's PGHOST, PGPORT, PGUSER, PGDATABASE and the like apply)"),
        HelpEntry(
          name: "PGPASSWORD[_FILE]", text: "PostgreSQL's password, where DATABASE_URL has none (not set by default)"),
      ], read: readPostgres)
  }
}

private func readPostgres(_ environment: Environment) -> Reading<PostgresConnection> {
  var sentences: [String] = []
  func value(of name: String) -> String? {
    switch environment.secret(name) {
    case .success(let value): return value
    case .failure(let wrong):
      sentences.append(wrong.sentence)
      return nil
    }
  }
  var connection = PostgresConnection(value(of: "DATABASE_URL") ?? "")
  let password = value(of: "PGPASSWORD")
  if !connection.conninfo.isEmpty && !connection.looksRight {
    sentences.append(
      "DATABASE_URL has a value that is not allowed, but must be postgresql://user:password@host:5432/database "
        + "or libpq's keyword=value form.")
  } else if let password, case .success(nil) = environment.plain("PGPASSWORD") {
    // libpq reads PGPASSWORD by itself, but not the file.
    if connection.hasPassword {
      sentences.append("PGPASSWORD_FILE is set, but DATABASE_URL already has a password; give one of them.")
    } else {
      connection = connection.adding("password", password)
    }
  }
  guard sentences.isEmpty else { return .wrong(sentences) }
  return .value(
    connection,
    [ShownSetting(name: "DATABASE_URL", value: connection.description, isDefault: connection.conninfo.isEmpty)])
}
