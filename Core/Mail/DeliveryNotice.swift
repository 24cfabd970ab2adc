/// What became of a mail for one recipient (RFC 3464, 2.3).
public struct DeliveryNotice: Sendable, Hashable {
  public enum Action: String, Sendable, CaseIterable {
    case failed, delayed, delivered
    /// Passed on to where no reports come from.
    case relayed
    /// Delivered to a list, and passed on by it.
    case expanded
  }

  /// The mail of ours that it is about, as it was marked: `m12.1`, or without the attempt. Nil where no mark is in it.
  public let reference: String?
  /// The address that the mark stood in, with `{mark}` in its place and in small letters; nil where it stood in none.
  public let address: String?
  public let action: Action
  /// RFC 3463: `5.1.1`.
  public let status: String
  /// What the server said, at most 300 characters, without addresses and long numbers.
  public let diagnostic: String?

  public init(reference: String?, address: String?, action: Action, status: String, diagnostic: String?) {
    self.reference = reference
    self.address = address
    self.action = action
    self.status = status
    self.diagnostic = diagnostic
  }

  /// One for each group that says something of a recipient.
  static func all(in groups: [MailHead], _ found: FoundMark?) -> [DeliveryNotice] {
    groups.compactMap { DeliveryNotice($0, found) }
  }

  private init?(_ group: MailHead, _ found: FoundMark?) {
    let said = group["diagnostic-code"]
    let status = DeliveryNotice.status(group["status"], said)
    let word = group["action"]?.lowercased().prefix { $0.isLetter }
    // One of the two has to be there; some leave the other out.
    guard let action = word.flatMap({ Action(rawValue: String($0)) }) ?? status.flatMap(DeliveryNotice.action) else {
      return nil
    }
    self.init(
      reference: found?.reference, address: found?.address, action: action,
      status: status.map { $0.description } ?? DeliveryNotice.vague(action), diagnostic: said.map(DeliveryNotice.fit))
  }

  /// A server's words where it makes no report: it failed, or it would not write. Of markup only the status is taken.
  init(words: [UInt8], isPlain: Bool, _ found: FoundMark) {
    let text = String(decoding: words.prefix(DeliveryNotice.reach), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).first { EnhancedStatus(foundIn: $0) != nil }
    self.init(
      reference: found.reference, address: found.address, action: .failed,
      status: line.flatMap { EnhancedStatus(foundIn: $0)?.description } ?? "5.0.0",
      diagnostic: isPlain ? line.map { DeliveryNotice.fit(String($0)) } : nil)
  }

  /// Bytes of a text that are looked at.
  private static let reach = 20_000

  /// What the group says, unless it says no more than a class and the server's own words are better.
  private static func status(_ written: String?, _ said: String?) -> EnhancedStatus? {
    let status = written.flatMap { EnhancedStatus($0.prefix { !$0.isWhitespace && $0 != "(" }) }
    guard status?.isVague ?? true, let better = said.flatMap({ EnhancedStatus(foundIn: $0) }),
      status == nil || status?.class == better.class
    else { return status }
    return better
  }

  private static func action(of status: EnhancedStatus) -> Action {
    switch status.class {
    case 2: .delivered
    case 4: .delayed
    default: .failed
    }
  }

  private static func vague(_ action: Action) -> String {
    switch action {
    case .failed: "5.0.0"
    case .delayed: "4.0.0"
    case .delivered, .relayed, .expanded: "2.0.0"
    }
  }

  /// Without what is about a person, as far as it can be told: words with an `@`, and seven digits in a row.
  private static func fit(_ text: String) -> String {
    let words = text.prefix(1000).split(separator: " ").map { word in
      if word.contains("@") { return "…" }
      return word.split(omittingEmptySubsequences: false) { !$0.isNumber }.contains { $0.count >= 7 }
        ? "…" : String(word)
    }
    let line = words.joined(separator: " ").unicodeScalars.map { $0.isFitForReading ? $0 : " " }
    return String(String(String.UnicodeScalarView(line)).prefix(300))
  }
}

extension Unicode.Scalar {
  fileprivate var isFitForReading: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: false
    default: true
    }
  }
}

extension EnhancedStatus: CustomStringConvertible {
  var description: String { "\(`class`).\(subject).\(detail)" }

  /// The first in a sentence: `smtp; 550-5.1.1 no such user`, `said: 550 #5.1.1`. No part of an IP address is one, and success is
  /// none of a refusal.
  init?(foundIn text: some StringProtocol) {
    let words = Array(text.utf8).split { !$0.isDigit && $0 != UInt8(ascii: ".") }
    let statuses = words.lazy.compactMap { word in
      EnhancedStatus(String(decoding: word.last == UInt8(ascii: ".") ? word.dropLast() : word, as: UTF8.self))
    }
    guard let first = statuses.first(where: { $0.class != 2 }) else { return nil }
    self = first
  }
}
