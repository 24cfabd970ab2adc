/// A header field. Names are compared without regard to case (RFC 9110, 5.1).
public struct HTTPField: Sendable, Hashable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What a gateway is asked. On the wire it has exactly these header fields, `Host` and, with a body, `Content-Length`.
public struct HTTPRequest: Sendable, Hashable {
  public var method: String
  /// `http://` or `https://`, percent-encoded, sent as it is.
  public var url: String
  public var headers: [HTTPField]
  public var body: [UInt8]

  public init(method: String = "GET", url: String, headers: [HTTPField] = [], body: [UInt8] = []) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// A gateway's whole answer.
public struct HTTPAnswer: Sendable, Hashable {
  public let status: Int
  /// In the order they came in, names in lower case. Trailers are left out (RFC 9110, 6.5.1).
  public let headers: [HTTPField]
  /// As sent, chunks put together; never decompressed, because nothing compressed is asked for.
  public let body: [UInt8]

  public init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first field of this name, which has to be in lower case.
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// How long a call may take and how much may come back.
public struct HTTPLimits: Sendable, Hashable {
  /// For resolving the name, connecting and TLS together.
  public var connect: Duration
  /// For all of it, from `perform` taking it up to the answer's last byte.
  public var total: Duration
  /// Bytes of header and body together.
  public var largestAnswer: Int

  public init(connect: Duration = .seconds(5), total: Duration = .seconds(30), largestAnswer: Int = 64 * 1024) {
    self.connect = connect
    self.total = total
    self.largestAnswer = largestAnswer
  }
}
