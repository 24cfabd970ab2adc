public import Mail
public import Settings

/// Where people reach receive-receipts, and what tells our links from anybody else's.
public struct Links: Sendable {
  public let base: String
  public let marks: MessageMarks

  /// nil where one of both is not set.
  public init?(_ settings: Settings) {
    guard let base = settings[.linkURL], let secret = settings[.linkSecret] else { return nil }
    self.base = String(base.reversed().drop { $0 == "/" }.reversed())
    marks = MessageMarks(
      secret: Array(secret.reveal().utf8), former: settings[.formerLinkSecret].map { [Array($0.reveal().utf8)] } ?? [])
  }

  /// The address of a link of a message.
  public func url(_ kind: MailLink.Kind, message: Int64, to target: String? = nil) -> String {
    "\(base)/\(marks.link(kind, message: message, url: target))"
  }
}

extension SettingGroup {
  public static let links = SettingGroup("Links", Setting.linkURL, Setting.linkSecret, Setting.formerLinkSecret)
  /// Of a sender whose messages cannot do without.
  public static let neededLinks = SettingGroup(
    "Links", Setting.neededLinkURL, Setting.neededLinkSecret, Setting.formerLinkSecret)
}

extension Setting<String?> {
  static var neededLinkURL: Setting { Setting("LINK_URL", kind, meaning) }
  public static var linkURL: Setting { Setting("LINK_URL", kind, default: nil, meaning) }

  private static var meaning: String { "where people reach the links of receive-receipts, as in https://links.example" }

  private static var kind: SettingKind<String?> {
    .optional(
      .text("an address that begins with https://, without any of ? # < > , and quotation marks") { text in
        text.hasPrefix("https://") && (9...500).contains(text.utf8.count)
          && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#<>,\"".utf8.contains($0) }
      })
  }
}

extension Setting<Secret?> {
  static var neededLinkSecret: Setting { Setting("LINK_SECRET", kind, meaning) }
  public static var linkSecret: Setting { Setting("LINK_SECRET", kind, default: nil, meaning) }
  public static var formerLinkSecret: Setting {
    Setting(
      "LINK_SECRET_FORMER", kind, default: nil, "the secret before it was changed: what went out under it still works")
  }

  private static var meaning: String { "what marks of links and of bounce addresses are made with" }

  private static var kind: SettingKind<Secret?> {
    .optional(.secret("a secret of at least 32 bytes") { $0.utf8.count >= 32 })
  }
}
