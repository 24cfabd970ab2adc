internal import Glibc
internal import Synchronization

/// A thread of a worker process. `run` returns when `control.isStopping`, or never.
public protocol Lane: AnyObject {
  func run()
}

/// The one request to end, seen by every lane, with a wait that it interrupts.
public final class Stopping: Sendable {
  private let requested = Atomic<Bool>(false)
  /// A pipe whose closed end wakes every waiter.
  private let readEnd: Int32
  private let writeEnd: Int32

  public init() {
    var ends: [Int32] = [0, 0]
    let made = pipe(&ends)
    precondition(made == 0, "no pipe can be opened: errno \(errno)")
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    Glibc.close(readEnd)
    if !isRequested { Glibc.close(writeEnd) }
  }

  public var isRequested: Bool { requested.load(ordering: .acquiring) }

  public func request() {
    if !requested.exchange(true, ordering: .acquiringAndReleasing) { Glibc.close(writeEnd) }
  }

  /// Waits so long at most; true when the end was requested meanwhile.
  public func wait(_ duration: Duration) -> Bool {
    let deadline = Monotonic.now + duration
    while !isRequested {
      let left = deadline - Monotonic.now
      guard left > .zero else { break }
      var wait = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
      _ = poll(&wait, 1, Int32(clamping: left.milliseconds + 1))
    }
    return isRequested
  }
}

/// What a lane tells the outside: that it is alive, and what keeps it from work.
public final class LaneStatus: Sendable {
  public let name: String
  private let heartbeat = Atomic<Int64>(Monotonic.milliseconds)
  private let obstacles = Mutex<[String: String]>(["start": "is starting"])

  public init(_ name: String) { self.name = name }

  /// The lane came round. The watchdog ends a process whose lane does not for too long.
  public func beat() { heartbeat.store(Monotonic.milliseconds, ordering: .relaxed) }

  var sinceBeat: Duration { .milliseconds(Monotonic.milliseconds - heartbeat.load(ordering: .relaxed)) }

  /// Sets or, with nil, clears one cause for which this lane is not ready. The sentence continues the lane's name.
  public func obstacle(_ cause: String, _ sentence: String?) {
    obstacles.withLock { $0[cause] = sentence }
  }

  /// Why this lane is not ready; empty when it is. One that waits for an answer that does not come cannot say so
  /// itself.
  public func sentences(quietAfter bound: Duration) -> [String] {
    let quiet = sinceBeat
    let silence = quiet > bound ? ["\(name) has not come round for \(quiet.components.seconds) s"] : []
    return obstacles.withLock { $0.sorted { $0.key < $1.key }.map { "\(name) \($0.value)" } } + silence
  }
}

/// Time since boot that no clock change touches.
enum Monotonic {
  static var milliseconds: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  static var now: Duration {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
  }
}

/// The time of day, to be compared with what producers wrote, and for nothing else.
package enum WallClock {
  /// Since 1970 UTC.
  package static var milliseconds: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
