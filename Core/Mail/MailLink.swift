/// What a link in a mail of ours is for.
public struct MailLink: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// No more of these (RFC 8058).
    case unsubscribe
    /// A picture that is asked for when the mail is looked at.
    case open
    /// On the way to `url`.
    case click
  }

  public let kind: Kind
  /// The ledger's number.
  public let message: Int64
  /// Where a click leads to; nil for the others.
  public let url: String?

  /// Bytes of an address that a click may lead to.
  public static let longestURL = 2000

  /// Whether a click may lead there: the web alone, and nothing that would have to be written otherwise in the header
  /// `Location` (RFC 3986, 2; RFC 9110, 10.2.2).
  public static func isFit(_ url: String) -> Bool {
    guard url.utf8.count <= longestURL, url.utf8.allSatisfy(\.isVisible) else { return false }
    let scheme = url.prefix { $0 != ":" }
    let rest = url.dropFirst(scheme.count)
    guard ["http", "https"].contains(scheme.lowercased()), rest.hasPrefix("://") else { return false }
    return rest.dropFirst(3).first.map { !"/?#".contains($0) } ?? false
  }
}
