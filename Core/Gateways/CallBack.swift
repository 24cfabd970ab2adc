public import HTTP
public import Values

/// What a gateway calls back with, as the listener has read it.
public struct CallBack: Sendable {
  public var method: String
  /// As sent, percent escapes and all, without the query and without what the base address has: `/kannel/receipts/SECRET`.
  public var path: String
  /// What follows the question mark, as sent; empty where there is none.
  public var query: String
  /// Names in lower case.
  public var headers: [HTTPField]
  public var body: [UInt8]

  public init(method: String, path: String, query: String = "", headers: [HTTPField] = [], body: [UInt8] = []) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
  }

  var target: String { query.isEmpty ? path : "\(path)?\(query)" }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What a gateway says became of a message, or of a part of it. One of `id` and `reference` is there at least.
public struct Receipt: Hashable, Sendable {
  public enum Status: String, Sendable, CaseIterable {
    /// By the network, after the gateway.
    case accepted
    /// Waiting for the telephone.
    case buffered
    case delivered
    case failed
  }

  /// The gateway's own, as it told it when it accepted the message.
  public let id: String?
  /// Ours.
  public let reference: String?
  public let status: Status
  public let code: String?
  /// From 1, where the gateway counts them.
  public let part: Int?

  public init(id: String?, reference: String?, status: Status, code: String? = nil, part: Int? = nil) {
    self.id = id
    self.reference = reference
    self.status = status
    self.code = code
    self.part = part
  }
}

/// What somebody has sent to one of the firm's numbers. The numbers are as the gateway writes them.
public struct InboundMessage: Hashable, Sendable {
  public let id: String?
  public let from: String
  public let to: String?
  public let text: String

  public init(id: String?, from: String, to: String?, text: String) {
    self.id = id
    self.from = from
    self.to = to
    self.text = text
  }
}

/// What a call-back comes to.
public struct CallBackReading: Sendable {
  public var receipts: [Receipt] = []
  public var messages: [InboundMessage] = []
  /// What stood among them and is neither: a status that the description does not know, an id that is missing.
  public var passedOver: [Refusal] = []
  /// For the gateway, once all of it is kept.
  public let answer: CallBackAnswer
}

/// What the gateway wants to hear, so that it does not call again.
public struct CallBackAnswer: Hashable, Sendable {
  public let status: Int
  public let contentType: String
  public let body: String

  public init(status: Int, contentType: String, body: String) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }
}

/// A call-back that is not taken: the status that tells so, and why.
public struct CallBackRefusal: Error, Sendable, CustomStringConvertible {
  /// 404 for nobody's address, 405 for another method, 401 for who cannot prove who they are, 400 for what cannot be read.
  public let status: Int
  public let refusal: Refusal

  public var description: String { "HTTP \(status), \(refusal)" }
}
