import Glibc

/// Asks what becomes of something until it is known, or the deadline has passed: the answer is the commit of another program's
/// session, of which PostgreSQL tells nobody. The only place in which a command lets time pass.
enum Asking {
  /// The last answer, whether it is the end of the matter or not. Asks once where `seconds` is zero.
  /// - Parameter milliseconds: between a question's answer and the next question.
  static func until<Answer>(
    within seconds: Int64, every milliseconds: Int = 50, _ isKnown: (Answer) -> Bool, _ question: () throws -> Answer
  ) rethrows -> Answer {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      let answer = try question()
      if isKnown(answer) || ContinuousClock.now >= deadline { return answer }
      var pause = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
      // A signal may cut it short, which only means to ask sooner.
      nanosleep(&pause, nil)
    }
  }
}
