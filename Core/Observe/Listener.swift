internal import Glibc
internal import Synchronization

/// The small HTTP/1.1 server of a process: one thread of its own, bounded in everything, plain text (TLS is a proxy's).
///
/// ```swift
/// let listener = try Listener(host: "0.0.0.0", port: settings[.httpPort], routes: Health.routes(...), log: log)
/// log.info("listening", ["port": .integer(listener.port)])
/// defer { listener.stop() }
/// ```
public final class Listener: Sendable {
  public struct Limits: Sendable {
    /// Beyond these, the one that rested longest between requests gives way; if none rests, the new one gets a 503.
    public var connections = 64
    public var bodyBytes: Int
    /// How long a connection must have rested before it gives way.
    var restBeforeGivingWay = Duration.seconds(1)
    var connection = Connection.Limits()

    /// - Parameters:
    ///   - bodyBytes: the largest request body; larger ones get a 413.
    ///   - headBytes: request line and fields together; larger ones get a 414 or 431.
    public init(bodyBytes: Int = 0, headBytes: Int = 8 * 1024, connections: Int = 64) {
      self.bodyBytes = bodyBytes
      self.connections = connections
      connection.parser.headBytes = headBytes
    }
  }

  /// The port that is listened on, also where port 0 was asked for.
  public let port: Int
  private let signal: ListenerSignal
  private let thread: Mutex<pthread_t?>

  /// `host` is a numeric IPv4 or IPv6 address; `::` takes both kinds of clients. Port 0 is any free one. What has no route goes to
  /// `others`, whatever its method; without that it is answered with a 404.
  public init(
    host: String, port: Int, routes: [Route], others: LateHandler? = nil, limits: Limits = Limits(), log: Log
  ) throws(ListenerError) {
    let socket = try ListeningSocket(host: host, port: port)
    self.port = socket.port
    signal = try ListenerSignal(orClosing: socket)
    let answers: AnswerBox
    do throws(ListenerError) { answers = try AnswerBox() } catch {
      socket.close()
      signal.tellEnd()
      signal.close()
      throw error
    }
    let loop = ListenerLoop(
      socket: socket, signal: signal, answers: answers, routes: Routes(routes, others: others), limits: limits,
      log: log)
    do throws(ListenerError) {
      thread = Mutex(try startThread { loop.run() })
    } catch {
      socket.close()
      signal.tellEnd()
      signal.close()
      throw error
    }
  }

  /// Begins what `stop` then waits for, so that whoever owes answers can still give them.
  public func beginStop(within bound: Duration) {
    thread.withLock { if $0 != nil { signal.ask(within: bound) } }
  }

  /// Whether its thread has ended.
  public var hasEnded: Bool { thread.withLock { $0 == nil || signal.hasEnded(within: .zero) } }

  /// Takes no more requests, sends what is answered, closes everything; at most `bound`, after which what is left is
  /// cut off. False where a handler did not return: its thread is left behind. Stopping twice does nothing.
  @discardableResult
  public func stop(within bound: Duration = .seconds(2)) -> Bool {
    guard let thread = thread.withLock({ $0.take() }) else { return true }
    // The loop keeps to the bound by itself; the second more is for a handler that is just running.
    signal.ask(within: bound)
    guard signal.hasEnded(within: bound + .seconds(1)) else {
      pthread_detach(thread)
      return false
    }
    pthread_join(thread, nil)
    signal.close()
    return true
  }

  deinit { stop() }
}

/// Why listening cannot begin, in one sentence.
public struct ListenerError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  init(_ action: String, errno code: Int32) { description = "\(action): \(String(cString: strerror(code)))." }
}

/// Wakes the listener's thread, tells it for how long it may go on, and learns when it has ended: a pair of connected
/// sockets, one end for each side.
final class ListenerSignal: Sendable {
  /// The thread's end; readable once it is to stop. Only the thread closes it.
  let descriptor: Int32
  private let other: Int32
  /// Milliseconds; negative while nobody wants it to stop.
  private let bound = Atomic<Int64>(-1)

  init(orClosing socket: ListeningSocket) throws(ListenerError) {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      let code = errno
      socket.close()
      throw ListenerError("The listener cannot be set up", errno: code)
    }
    (descriptor, other) = (pair[0], pair[1])
  }

  func ask(within bound: Duration) {
    self.bound.store(max(Int64(bound / .milliseconds(1)), 0), ordering: .releasing)
    shutdown(other, Int32(SHUT_WR))
  }

  /// Whether the thread has ended in time.
  func hasEnded(within limit: Duration) -> Bool {
    let end = Moment.now().sinceBoot + limit
    while true {
      let left = max(end - Moment.now().sinceBoot, .zero)
      var wait = pollfd(fd: other, events: Int16(POLLIN), revents: 0)
      if poll(&wait, 1, left == .zero ? 0 : Int32(clamping: Int64(left / .milliseconds(1)) + 1)) > 0 { return true }
      if left == .zero { return false }
    }
  }

  var stopBound: Duration? {
    let bound = bound.load(ordering: .acquiring)
    return bound < 0 ? nil : .milliseconds(bound)
  }

  /// The thread's last act.
  func tellEnd() { _ = Glibc.close(descriptor) }

  func close() { _ = Glibc.close(other) }
}

/// A POSIX thread with every signal blocked, so that the process's signals arrive where they are waited for.
private func startThread(_ body: @escaping @Sendable () -> Void) throws(ListenerError) -> pthread_t {
  final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var every = sigset_t()
  var before = sigset_t()
  sigfillset(&every)
  pthread_sigmask(SIG_SETMASK, &every, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  let retained = Unmanaged.passRetained(Body(body))  // released by the thread
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    {
      Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
      return nil
    }, retained.toOpaque())
  guard code == 0 else {
    retained.release()
    throw ListenerError("The listener's thread cannot be started", errno: code)
  }
  return thread
}
