/// Why a piece of input was not taken: the field, a reason fit for a metric label, and a sentence for a person.
///
/// `reason` is a short kebab-case word from a closed vocabulary. `detail` never repeats the refused value, because
/// values are personal data.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The field, as in `address.city` or `tags[3]`; empty for the whole message.
  public let path: String
  public let reason: String
  public let detail: String

  public init(_ reason: StaticString, at path: String = "", _ detail: String) {
    self.path = path
    self.reason = reason.description
    self.detail = detail
  }

  public init(restoring reason: String, at path: String, _ detail: String) {
    self.path = path
    self.reason = reason
    self.detail = detail
  }

  public var description: String { path.isEmpty ? "\(reason): \(detail)" : "\(path): \(reason): \(detail)" }
}
