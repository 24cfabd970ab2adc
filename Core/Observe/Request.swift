/// An HTTP request as a handler sees it: read whole, checked, bounded.
public struct Request: Sendable, Equatable {
  /// The methods that the listener knows; any other is answered with 501.
  public enum Method: String, CaseIterable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
  }

  public struct Field: Sendable, Equatable {
    /// In lower case.
    public let name: String
    public let value: String
  }

  public let method: Method
  /// As sent, percent escapes and all, without the query.
  public let path: String
  /// What follows the question mark, as sent; empty where there is none.
  public let query: String
  public let fields: [Field]
  public let body: [UInt8]

  /// Whether the client would send more over the same connection.
  let keepsAlive: Bool
  /// HTTP/1.0 has to be told that a connection stays open.
  let isHTTP10: Bool

  /// A field's value by its name in lower case; several lines of it are joined by commas (RFC 9110, 5.3).
  public func field(_ name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }
}

/// Why a request cannot be served. The connection ends after it, because where the next request would begin is unsure.
struct Refusal: Error, Equatable {
  let status: Int
  let reason: String

  init(_ status: Int, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
