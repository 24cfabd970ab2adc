import Testing
import Values

@testable import HTTP

/// What cannot be put on the wire as it stands is refused before anything is sent.
@Suite struct RefusedRequestTests {
  @Test("no odd byte gets out in a method, a URL, a header's name or its value")
  func oddBytes() throws {
    let gateway = try Gateway { _ in [.answer()] }
    defer { gateway.stop() }
    let url = gateway.url
    var requests = ["\r", "\n", "\0", "\r\nX-Injected: 1", "\u{7F}", "\u{1}"].flatMap { odd in
      [
        HTTPRequest(url: url + "/a" + odd), HTTPRequest(method: "GET" + odd, url: url),
        HTTPRequest(url: url, headers: [HTTPField("X-A", "b" + odd + "c")]),
        HTTPRequest(url: url, headers: [HTTPField("X-A" + odd, "b")]),
      ]
    }
    requests += ["/a b", "/a\tb", "/你", "/\u{E9}"].map { HTTPRequest(url: url + $0) }
    requests += ["", "GET ", "G(T", "获"].map { HTTPRequest(method: $0, url: url) }
    requests += ["", "X A", "X:A", "X;"].map { HTTPRequest(url: url, headers: [HTTPField($0, "b")]) }
    let transfers = Transfers()
    for request in requests {
      let end = try transfers.call(request)
      #expect(end.proof == .malformed, "\(request)")
      #expect(end.error?.isTransient == false)
    }
    #expect(gateway.connections == 0)
  }

  @Test("other protocols, and URLs that name none")
  func protocols() throws {
    let transfers = Transfers()
    for url in [
      "", "file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1:1", "//127.0.0.1:1", "gopher://x", "http:",
      "smtp://127.0.0.1",
    ] {
      #expect(try transfers.call(url).proof == .malformed, "\(url)")
    }
    for url in ["http://", "http://:80", "http://127.0.0.1:99999/", "http://[::1", "https://a b"] {
      #expect(try transfers.call(url).proof == .malformed, "\(url)")
    }
  }

  @Test("what frames a message is not the caller's to say")
  func framing() throws {
    let names = ["Content-Length", "transfer-encoding", "CONNECTION", "Expect", "TE", "Trailer", "Upgrade"]
    for name in names {
      let request = HTTPRequest(method: "POST", url: "http://127.0.0.1:1", headers: [HTTPField(name, "1")], body: [1])
      #expect(request.fault?.code == .malformed, "\(name)")
    }
    #expect(HTTPRequest(method: "CONNECT", url: "http://127.0.0.1:1").fault != nil)
    #expect(HTTPRequest(method: "HEAD", url: "http://127.0.0.1:1", body: [1]).fault != nil)
    #expect(
      HTTPRequest(method: "purge", url: "HTTPS://127.0.0.1", headers: [HTTPField("Content-Length2", "\tä ")]).fault
        == nil)
  }
}
