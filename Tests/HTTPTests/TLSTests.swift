import Glibc
import Testing
import Values

@testable import HTTP

/// TLS with a certificate that nobody but the test trusts. Needs the `openssl` command, which `ops/test` installs.
@Suite struct TLSTests {
  @Test("a certificate that nobody trusts is proof; one that was told is; one of another name is not")
  func trust() throws {
    let authority = try Certificates()
    defer { authority.remove() }
    let server = try Server(authority)
    defer { server.stop() }
    let limits = HTTPLimits(connect: .seconds(60), total: .seconds(60))
    let url = "https://localhost:\(server.port)/"

    let stranger = try Transfers().call(url, within: limits)
    #expect(stranger.proof == .untrusted)
    #expect(stranger.error?.isTransient == false)

    let transfers = Transfers(certificates: authority.file("ca.pem"))
    #expect(try transfers.call(url, within: limits).answer?.status == 200)
    #expect(try transfers.call("https://127.0.0.1:\(server.port)/", within: limits).proof == .untrusted)
    #expect(try Transfers(certificates: "/nowhere.pem").call(url, within: limits).proof == .untrusted)
  }
}

/// An authority and a certificate of `localhost` under it, in a directory of their own.
struct Certificates {
  let directory: String

  init() throws {
    let template = try #require(strdup("/tmp/millrace-tls-XXXXXX"))
    defer { free(template) }
    directory = String(cString: try #require(mkdtemp(template)))
    try Command.run([
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=Millrace tests",
      "-keyout", file("ca.key"), "-out", file("ca.pem"),
    ])
    try Command.run([
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
      "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-keyout", file("server.key"), "-out", file("server.pem"),
    ])
  }

  func file(_ name: String) -> String { directory + "/" + name }

  func remove() {
    for name in ["ca.key", "ca.pem", "server.key", "server.pem"] { unlink(file(name)) }
    rmdir(directory)
  }
}

/// `openssl s_server`, which answers every GET with a page about the connection.
final class Server {
  let port: Int
  private let command: Command

  init(_ certificates: Certificates) throws {
    command = try Command([
      "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", certificates.file("server.pem"),
      "-key", certificates.file("server.key"),
    ])
    // "ACCEPT 127.0.0.1:38573"
    let line = try #require(command.line { $0.hasPrefix("ACCEPT") }, "openssl does not listen")
    port = try #require(Int(line.split(separator: ":").last ?? ""))
  }

  func stop() { command.stop() }
}

/// A child process whose output is read.
final class Command {
  private let pid: pid_t
  private let output: UnsafeMutablePointer<FILE>

  init(_ arguments: [String]) throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, nil, &words, environ)
    close(ends[1])
    try #require(code == 0, "\(arguments[0]) does not start: errno \(code)")
    self.pid = pid
    output = try #require(fdopen(ends[0], "r"))
  }

  /// The first line that fits; nil where the output ends before.
  func line(_ fits: (String) -> Bool) -> String? {
    var line: UnsafeMutablePointer<CChar>?
    var room = 0
    defer { free(line) }
    while getline(&line, &room, output) > 0, let text = line.map({ String(cString: $0) }) {
      let bare = String(text.prefix { !$0.isNewline })
      if fits(bare) { return bare }
    }
    return nil
  }

  /// What it printed can still be read.
  func end() { kill(pid, SIGKILL) }

  func stop() {
    end()
    _ = awaitEnd()
  }

  func awaitEnd() -> Int32 {
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    fclose(output)
    return status
  }

  static func run(_ arguments: [String]) throws {
    let command = try Command(arguments)
    _ = command.line { _ in false }
    try #require(command.awaitEnd() == 0, "\(arguments.prefix(2)) failed")
  }
}
