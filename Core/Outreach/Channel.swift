public import Templates
public import Topics
internal import Values

/// Messages to people, and the one table that says what has become of each: the ledger, which is the queue as well.
///
/// Invariants of this room:
/// - Every message is one row of `message` from the moment it is asked for; no row is deleted, and what a row says of its end is never
///   taken back.
/// - A change of state names the state and the attempt that it leaves: whoever comes late changes nothing.
/// - Nothing here calls a gateway. A row is claimed in one transaction (`ClaimMessages`), called outside of any, and what came of it
///   is written in a second (`RecordCalls`).
public typealias Channel = MessageChannel

public typealias Purpose = MessageRequest.Purpose

extension Purpose {
  /// 0 goes before all others.
  func priority(_ wanted: MessageRequest.Priority?) -> Int32 {
    switch wanted {
    case .urgent: 0
    case .normal: 1
    case .bulk: 2
    case nil:
      switch self {
      case .transactional: 0
      case .service: 1
      case .marketing: 2
      }
    }
  }
}

/// Why a message is where it is: a word that people and programs read.
public struct Reason: Hashable, Error, Sendable {
  public let word: String
  public let detail: String?

  public init(_ word: String, _ detail: String? = nil) {
    self.word = word
    self.detail = detail
  }
}

/// What we call a message in front of a gateway, in one attempt to send it: `m12.1`. Gateways that give receipts under it tell us of
/// messages whose own number there nobody has learnt.
public struct MessageReference: Hashable, Sendable, CustomStringConvertible {
  public let message: Int64
  public let attempt: Int32

  public init(message: Int64, attempt: Int32) {
    self.message = message
    self.attempt = attempt
  }

  public init?(_ text: String) {
    guard text.first == "m", text.utf8.count <= 31 else { return nil }
    let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let message = Int64(parts[0]), let attempt = Int32(parts[1]), message > 0, attempt > 0,
      "m\(message).\(attempt)" == text
    else { return nil }
    self.init(message: message, attempt: attempt)
  }

  public var description: String { "m\(message).\(attempt)" }
}

/// A message, or a part of one, as its gateway knows it. Two gateways may use the same ids.
public struct SubmissionKey: Hashable, Comparable, Sendable {
  public let gateway: String
  /// Opaque.
  public let id: String

  public init(gateway: String, id: String) {
    self.gateway = gateway
    self.id = id
  }

  public static func < (a: SubmissionKey, b: SubmissionKey) -> Bool { (a.gateway, a.id) < (b.gateway, b.id) }
}
