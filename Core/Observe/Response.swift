/// An HTTP response, whole.
public struct Response: Sendable, Equatable {
  public let status: Int
  public let body: [UInt8]
  private let fields: [String]

  /// `fields`: more header fields, such as `["location": url]`; control characters in them become blanks.
  public init(_ status: Int, type: String? = nil, fields: KeyValuePairs<String, String> = [:], body: [UInt8] = []) {
    precondition((200...599).contains(status), "a final status is meant")
    self.status = status
    self.body = body
    let more = fields.map { (name: $0.key, value: $0.value) }
    self.fields = (type.map { [(name: "Content-Type", value: $0)] } ?? []).appending(more).map { name, value in
      "\(name): \(value)".unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    }
  }

  /// Plain text; a line break is added.
  public static func text(
    _ text: String, status: Int = 200, fields: KeyValuePairs<String, String> = [:]
  ) -> Response {
    Response(status, type: "text/plain; charset=utf-8", fields: fields, body: Array("\(text)\n".utf8))
  }

  public static func json(_ text: String, status: Int = 200) -> Response {
    Response(status, type: "application/json", body: Array("\(text)\n".utf8))
  }

  init(_ refusal: Refusal) { self = .text(refusal.reason, status: refusal.status) }

  enum Persistence { case close, keepAlive, keepAliveOldClient }

  /// The bytes to send. HEAD is told the length of a body that it does not get.
  func encoded(withBody: Bool, _ persistence: Persistence, at unixMilliseconds: Int64) -> [UInt8] {
    var head = "HTTP/1.1 \(status) \(Self.phrase(of: status))\r\n"
    head += "Date: \(CalendarDate(unixMilliseconds: unixMilliseconds).httpDate)\r\n"
    for field in fields { head += "\(field)\r\n" }
    // A 204 or 304 has no body and tells no length (RFC 9110, 8.6).
    let isEmptyByKind = status == 204 || status == 304
    if !isEmptyByKind { head += "Content-Length: \(body.count)\r\n" }
    switch persistence {
    case .close: head += "Connection: close\r\n"
    case .keepAliveOldClient: head += "Connection: keep-alive\r\n"
    case .keepAlive: break
    }
    head += "\r\n"
    return Array(head.utf8) + (withBody && !isEmptyByKind ? body : [])
  }

  private static func phrase(of status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }
}

extension CalendarDate {
  /// `Sat, 21 Nov 2026 19:44:03 GMT` (RFC 9110, 5.6.7).
  fileprivate var httpDate: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(days[Int(weekday)]), \(padded(day, 2)) \(months[Int(month - 1)]) \(padded(year, 4)) \(clock) GMT"
  }
}

extension Array {
  fileprivate func appending(_ more: [Element]) -> [Element] { self + more }
}
