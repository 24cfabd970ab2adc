internal import Glibc

/// Time since boot, counting what the machine slept: whoever was frozen sees how long.
enum BootClock {
  static var now: Duration {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
  }
}

/// What a relay knows of its own lease without asking: it runs from the moment at which it was asked for, which is
/// before the moment at which the database granted it.
struct LeaseClock {
  let length: Duration
  private var asked: Duration

  init(_ length: Duration, asked: Duration) {
    self.length = length
    self.asked = asked
  }

  mutating func renewed(asked: Duration) { self.asked = asked }

  func isDue(_ now: Duration) -> Bool { now - asked >= length / 3 }

  /// Whether nobody else can have taken over, as far as the database's clock and this one run alike.
  func isValid(_ now: Duration) -> Bool { now - asked < length }

  /// How long who stands by waits before it asks again. The lease may be given up before it is over.
  static func rest(whileOthersHaveIt left: Duration) -> Duration {
    min(max(left, .milliseconds(20)), .milliseconds(500))
  }
}

/// How soon to look for rows again: at once while there are some, then from 10 ms on, and slower the longer nothing
/// comes. After a second without any, what comes next waits for 30 ms on average, after five seconds for 100 ms.
struct Pace {
  static let shortest: Duration = .milliseconds(10)
  static let longest: Duration = .milliseconds(200)
  private var rest = Pace.shortest

  mutating func foundSome() -> Duration {
    rest = Pace.shortest
    return rest
  }

  mutating func foundNothing() -> Duration {
    defer { rest = min(Pace.longest, rest * 1.05) }
    return rest
  }
}
