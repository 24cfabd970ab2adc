/// A field's value in a log line.
public struct LogValue: Sendable, Hashable {
  enum Content: Sendable, Hashable {
    /// Passed through the masker already.
    case text(String)
    case integer(String)
    case real(Double)
    case flag(Bool)
  }

  let content: Content

  /// A text; what looks like a phone number, identity number or e-mail address in it is masked.
  public static func text(_ text: String) -> LogValue { LogValue(content: .text(readable(text))) }

  /// Offsets, counts and row ids: printed as they are.
  public static func integer(_ number: some BinaryInteger) -> LogValue {
    LogValue(content: .integer(String(number)))
  }

  public static func real(_ number: Double) -> LogValue { LogValue(content: .real(number)) }
  public static func flag(_ flag: Bool) -> LogValue { LogValue(content: .flag(flag)) }

  /// A length of time, printed as a number of seconds.
  public static func seconds(_ duration: Duration) -> LogValue {
    let (seconds, attoseconds) = duration.components
    // One division at the end: a sum of two would print as 1.1320000000000001.
    return .real((Double(seconds) * 1e6 + Double(attoseconds / 1_000_000_000_000)) / 1e6)
  }

  /// A place in Kafka, `topic/partition/offset`, readable however long the offset is.
  public static func place(_ topic: String, _ partition: Int32, _ offset: Int64) -> LogValue {
    LogValue(content: .text("\(Masker.mask(topic))/\(partition)/\(offset)"))
  }

  /// Something of a person's: nothing of it is printed but a number's last two digits.
  public static func personal(_ text: String) -> LogValue {
    let digits = text.filter(\.isWholeNumber)
    let kept = digits.count >= Masker.fewestDigits ? String(digits.suffix(2)) : ""
    return LogValue(content: .text("***\(kept)"))
  }

  public static func personal(_ number: some BinaryInteger) -> LogValue { .personal(String(number)) }
}

/// Masked, and cut where it is long: a log line is no place for a payload.
func readable(_ text: String) -> String {
  let most = 4096
  guard text.utf8.count > most else { return Masker.mask(text) }
  // A little more is masked than is kept, so that no number or address is cut before it is recognised.
  let masked = Masker.mask(String(decoding: text.utf8.prefix(most + 256), as: UTF8.self))
  return "\(String(decoding: masked.utf8.prefix(most), as: UTF8.self))…(\(text.utf8.count) bytes)"
}
