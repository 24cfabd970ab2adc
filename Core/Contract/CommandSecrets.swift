internal import Digest
public import Settings
public import Values

/// Keys of the front ends that sign commands, by their `ce_source`.
public struct CommandSecrets: Sendable {
  private let keys: [String: KeyedHash]

  public static let none = CommandSecrets()
  /// Seconds: a signed command that is older is not obeyed, so that nobody can keep one and send it later.
  public static let age: Int64 = 600

  private init() { keys = [:] }

  /// nil where the text is not pairs of a source and a long enough secret.
  public init?(_ text: String) {
    var keys: [String: KeyedHash] = [:]
    for pair in text.split(whereSeparator: { $0.isWhitespace }) {
      guard let equals = pair.lastIndex(of: "="), pair[pair.index(after: equals)...].utf8.count >= 32,
        equals > pair.startIndex
      else { return nil }
      keys[String(pair[..<equals])] = KeyedHash(key: Array(pair[pair.index(after: equals)...].utf8))
    }
    self.keys = keys
  }

  public init(_ settings: Settings) {
    self = settings[.commandSecrets].flatMap { CommandSecrets($0.reveal()) } ?? .none
  }

  /// Why a delivery is not its source's own word; nil where its source has signed it.
  public func refusal<Reading>(of delivery: Delivery<Reading>) -> Refusal? {
    guard let signature = delivery.signature else {
      return Refusal(
        "unsigned", at: "millrace_signature", "a command needs the database's stamp or its source's signature")
    }
    guard let key = keys[delivery.source], signature.isMade(with: key) else {
      return Refusal("wrong-signature", at: "millrace_signature", "this source did not sign this event so")
    }
    return nil
  }
}

extension Setting<Secret?> {
  public static var commandSecrets: Setting {
    Setting(
      "COMMAND_SECRETS",
      .optional(
        .secret("pairs SOURCE=SECRET, apart by blanks or lines, a secret of at least 32 characters") {
          CommandSecrets($0) != nil
        }), default: nil, "front ends that sign commands: the ce_source and the secret of each")
  }
}
