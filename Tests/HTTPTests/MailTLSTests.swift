import Testing
import Values

@testable import HTTP

/// STARTTLS, TLS from the first byte, and logins, against a small server in Python, because nothing in Swift here serves TLS.
@Suite struct MailTLSTests {
  private let limits = HTTPLimits(connect: .seconds(60), total: .seconds(60))

  private func mail(_ server: SecureMailServer, _ encryption: MailRequest.Encryption, password: String? = nil)
    -> MailRequest
  {
    let line = String(repeating: "x", count: 900) + "\r\n"
    return MailRequest(
      server: .init(
        url: server.url, encryption: encryption, user: password.map { _ in "firm" }, password: password,
        hello: "us.example"),
      from: "a@firm.example", to: "b@example.com", message: Array(String(repeating: line, count: 3000).utf8))
  }

  @Test(
    "under STARTTLS and under TLS: logged in once, and one mail after the other arrives whole",
    arguments: ["starttls", "tls"])
  func sound(mode: String) throws {
    let authority = try Certificates()
    defer { authority.remove() }
    let server = try SecureMailServer(authority, mode)
    let transfers = Transfers(certificates: authority.file("ca.pem"))
    let request = mail(server, mode == "tls" ? .none : .required, password: "right")
    for _ in 0..<3 { #expect(try transfers.send(request, within: limits)?.accepted?.enhanced == "2.6.0") }
    #expect(transfers.connections == 1)
    let size = request.message.count + 3
    let opening = mode == "tls" ? ["EHLO", "AUTH"] : ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    let one = ["MAIL", "RCPT", "DATA", "CONTENT \(size)"]
    #expect(server.stop() == opening + one + one + one)
  }

  @Test("a server that nobody trusts hears neither password nor mail", arguments: ["starttls", "tls"])
  func untrusted(mode: String) throws {
    let authority = try Certificates()
    defer { authority.remove() }
    let server = try SecureMailServer(authority, mode)
    for encryption in MailRequest.Encryption.allCases where mode == "tls" || encryption != .none {
      #expect(try Transfers().send(mail(server, encryption), within: limits)?.proof == .untrusted, "\(encryption)")
    }
    #expect(try Transfers().send(mail(server, .required, password: "right"), within: limits)?.proof == .untrusted)
    #expect(Set(server.stop()).isSubset(of: ["EHLO", "STARTTLS"]))
  }

  @Test("a wrong password, and none where one is wanted, are refusals before anything was sent")
  func login() throws {
    let authority = try Certificates()
    defer { authority.remove() }
    let server = try SecureMailServer(authority, "starttls")
    let transfers = Transfers(certificates: authority.file("ca.pem"))
    let wrong = try transfers.send(mail(server, .required, password: "wrong"), within: limits)
    #expect(wrong?.refused == "session 535")
    if case .refused(let answer, _) = wrong { #expect(answer.enhanced == "5.7.8") }
    #expect(try transfers.send(mail(server, .required), within: limits)?.refused == "sender 530")
    #expect(!server.stop().contains { $0.hasPrefix("CONTENT") })
  }
}

/// Prints its port, then what it is told, a line each.
private final class SecureMailServer {
  let url: String
  private let command: Command

  init(_ certificates: Certificates, _ mode: String) throws {
    command = try Command(
      ["python3", "-c", Self.program, mode, certificates.file("server.pem"), certificates.file("server.key")])
    let line = try #require(command.line { $0.hasPrefix("PORT") }, "the mail server does not start")
    url = "\(mode == "tls" ? "smtps" : "smtp")://localhost:\(line.dropFirst(5))"
  }

  /// All that it was told, QUIT aside.
  func stop() -> [String] {
    command.end()
    var said: [String] = []
    _ = command.line {
      said.append($0)
      return false
    }
    _ = command.awaitEnd()
    return said.filter { $0 != "QUIT" }
  }

  private static let program = """
    import base64, socket, ssl, sys, threading
    mode, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(plain):
        secure = mode == "tls"
        known = False
        try:
            peer = context.wrap_socket(plain, server_side=True) if secure else plain
            lines = peer.makefile("rb")
            answer = lambda text: peer.sendall(text.encode() + b"\\r\\n")
            answer("220 ready")
            while line := lines.readline():
                verb = line.split()[0].decode()
                print(verb + (" SIZE" if b"SIZE=" in line else ""), flush=True)
                if verb == "EHLO":
                    answer("250-mail\\r\\n250-PIPELINING\\r\\n" + ("250 AUTH PLAIN" if secure else "250-SIZE 10\\r\\n250 STARTTLS"))
                elif verb == "STARTTLS":
                    answer("220 go on")
                    peer = context.wrap_socket(plain, server_side=True)
                    lines = peer.makefile("rb")
                    secure = True
                elif verb == "AUTH":
                    words = line.split()
                    if len(words) < 3:
                        answer("334 ")
                        words.append(lines.readline().strip())
                    known = base64.b64decode(words[-1]) == b"\\0firm\\0right"
                    answer("235 2.7.0 ok" if known else "535 5.7.8 no")
                elif verb == "MAIL" and not known:
                    answer("530 5.7.0 log in first")
                elif verb == "RCPT" and not known or verb == "DATA" and not known:
                    answer("503 5.5.1 no")
                elif verb == "DATA":
                    answer("354 go on")
                    content = b""
                    while not content.endswith(b"\\r\\n.\\r\\n"):
                        content += lines.readline()
                    print("CONTENT", len(content), flush=True)
                    answer("250 2.6.0 kept")
                else:
                    answer("250 ok")
        except OSError:
            pass

    listener = socket.create_server(("localhost", 0), family=socket.AF_INET)
    print("PORT", listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    """
}
