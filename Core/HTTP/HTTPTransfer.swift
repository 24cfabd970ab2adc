internal import CCurl

/// A `Transfer` of HTTP/1.1.
final class HTTPTransfer: Transfer {
  private var url = ""
  private var method = ""
  private var hasBody = false
  private var headers: [HTTPField] = []
  private var list: UnsafeMutablePointer<curl_slist>?
  private var body = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var answer = AnswerReader()

  init(_ sockets: Sockets, certificates: String?) {
    super.init(sockets, protocols: "http,https", certificates: certificates)
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    set(CURLOPT_HTTP09_ALLOWED, 0)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_PATH_AS_IS, 1)
    list = Self.list(of: [], hasBody: false)
    check(millrace_set_list(easy, CURLOPT_HTTPHEADER, list))
  }

  deinit {
    curl_slist_free_all(list)
    body.deallocate()
  }

  /// Sets what differs from the call before; most calls of one gateway differ in their body or URL alone.
  func begin(_ request: HTTPRequest, as number: Int64, within limits: HTTPLimits, notAfter: Duration) {
    begin(number, within: limits, notAfter: notAfter)
    answer = AnswerReader()
    if request.url != url {
      url = request.url
      set(CURLOPT_URL, url)
    }
    if request.method != method || request.hasBody != hasBody || request.headers != headers {
      setHead(of: request)
    }
    if hasBody { setBody(request.body) }
  }

  private func setHead(of request: HTTPRequest) {
    (method, hasBody, headers) = (request.method, request.hasBody, request.headers)
    let fresh = Self.list(of: headers, hasBody: hasBody)
    check(millrace_set_list(easy, CURLOPT_HTTPHEADER, fresh))
    curl_slist_free_all(list)
    list = fresh
    if hasBody {
      set(CURLOPT_POST, 1)
    } else if method == "HEAD" {
      set(CURLOPT_NOBODY, 1)
    } else {
      set(CURLOPT_HTTPGET, 1)
    }
    set(CURLOPT_CUSTOMREQUEST, method == (hasBody ? "POST" : "GET") || method == "HEAD" ? nil : method)
  }

  /// libcurl reads the body where it lies, until the call has ended.
  private func setBody(_ bytes: [UInt8]) {
    if bytes.count > body.count || body.baseAddress == nil {
      body.deallocate()
      body = .allocate(byteCount: max(1024, bytes.count * 2), alignment: 1)
      set(CURLOPT_POSTFIELDS, body.baseAddress)
    }
    body.copyBytes(from: bytes)
    check(millrace_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, bytes.count))
  }

  /// What libcurl would add by itself is taken out: an Accept, a guess at the body's type, and the request to be told to go on
  /// before a large body.
  private static func list(of headers: [HTTPField], hasBody: Bool) -> UnsafeMutablePointer<curl_slist>? {
    var list: UnsafeMutablePointer<curl_slist>?
    func add(_ line: String) {
      guard let longer = curl_slist_append(list, line) else {
        preconditionFailure("libcurl has no memory for another header")
      }
      list = longer
    }
    for field in headers {
      // An empty value is written with a semicolon; with a colon libcurl takes it for the wish to leave the header out.
      let isEmpty = field.value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
      add(isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    let names = headers.map { $0.name.lowercased() }
    if !names.contains("accept") { add("Accept:") }
    if hasBody && !names.contains("content-type") { add("Content-Type:") }
    add("Expect:")
    return list
  }

  override func took(line: UnsafeRawBufferPointer) { answer.take(line: line) }
  override func took(bytes: UnsafeRawBufferPointer) { answer.body.append(contentsOf: bytes) }

  // MARK: How it went

  /// - The gate was not opened, whyever: `notSent`, whatever libcurl's code is.
  /// - It was opened, and libcurl has a whole answer: `answered`.
  /// - It was opened, and anything else happened, the second request to send included: `unknown`.
  func end(_ code: CURLcode) -> CallEnd {
    switch passage.state {
    case .closed, .late, .stale: return .notSent(error(code))
    case .askedTwice: return .unknown(error(code))
    case .open:
      guard code == CURLE_OK else { return .unknown(error(code)) }
      // libcurl takes a connection's end in the middle of a head for the end of the answer.
      guard answer.isHeadOver else { return .unknown(GatewayError(.broken, "the answer ended in its head")) }
      var status = 0
      check(millrace_number(easy, CURLINFO_RESPONSE_CODE, &status))
      guard status >= 200 else { return .unknown(GatewayError(.garbled, "the answer has no status")) }
      return .answered(HTTPAnswer(status: status, headers: answer.headers, body: answer.body))
    }
  }

  /// It was given up in the middle.
  func cancelled() -> CallEnd {
    let error = GatewayError(.cancelled, "it was given up")
    return switch passage.state {
    case .closed, .late, .stale: .notSent(error)
    case .open, .askedTwice: .unknown(error)
    }
  }
}
