public import Values

/// Somebody told their provider that they do not want a mail (RFC 5965).
public struct Complaint: Sendable, Hashable {
  /// The mail of ours that it is about, as it was marked: `m12.1`, or without the attempt. Nil where no mark is in it.
  public let reference: String?
  /// The address that the mark stood in, with `{mark}` in its place and in small letters; nil where it stood in none.
  public let address: String?
  /// `abuse`, `fraud`, `virus`, `other`, or a word that came later, in small letters.
  public let kind: String
  /// When the mail came to the provider that tells it, where it says so.
  public let arrivedAt: Timestamp?

  public init(reference: String?, address: String?, kind: String, arrivedAt: Timestamp?) {
    self.reference = reference
    self.address = address
    self.kind = kind
    self.arrivedAt = arrivedAt
  }

  /// Nil where a report of this form is none: a complaint taken back (RFC 6430), or a signature that failed (RFC 6591).
  init?(_ groups: [MailHead], _ found: FoundMark?) {
    let word = (groups.lazy.compactMap { $0["feedback-type"] }.first ?? "other").lowercased()
    let kind = word.utf8.count <= 30 && word.utf8.allSatisfy { $0.isLetter || $0 == UInt8(ascii: "-") } ? word : "other"
    guard kind != "not-spam", kind != "auth-failure" else { return nil }
    let dates = groups.flatMap { $0.all(["arrival-date", "received-date"]) }
    self.init(
      reference: found?.reference, address: found?.address, kind: kind.isEmpty ? "other" : kind,
      arrivedAt: dates.lazy.compactMap { Timestamp(mailDate: $0) }.first)
  }
}
