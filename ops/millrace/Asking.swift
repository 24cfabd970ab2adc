import Glibc

/// Asks what becomes of something until it is known, or the deadline has passed: the answer is the commit of another program's
/// session, of which PostgreSQL tells nobody. The only place in which a command lets time pass.
enum Asking {
  private static let pause = timespec(tv_sec: 0, tv_nsec: 50_000_000)

  /// The last answer, whether it is the end of the matter or not. Asks once where `seconds` is zero.
  static func until<Answer>(
    within seconds: Int64, _ isKnown: (Answer) -> Bool, _ question: () throws -> Answer
  ) rethrows -> Answer {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      let answer = try question()
      if isKnown(answer) || ContinuousClock.now >= deadline { return answer }
      var pause = pause
      // A signal may cut it short, which only means to ask sooner.
      nanosleep(&pause, nil)
    }
  }
}
