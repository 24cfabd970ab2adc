import Postgres
import Values

/// Where a sweep's scan of an index begins: what it has swept just now is not looked through again and again until a vacuum
/// comes. Now and then it asks from the very start, for rows that others held when it passed or that became due behind it, and
/// begins there if there are any.
struct Floor {
  private var due: Timestamp?
  private var isFromStart = true
  private var questions = 0

  /// nil is from the very start.
  var start: Timestamp? { isFromStart ? nil : due }

  /// After which moment something due is looked for; nil is at any time, asked every tenth time.
  mutating func question(after heard: Timestamp?) -> Timestamp? {
    questions = questions >= 10 ? 0 : questions + 1
    return questions == 0 ? nil : heard
  }

  /// What the last question was answered.
  mutating func answered(_ isDue: Bool) {
    if isDue, questions == 0 { isFromStart = true }
  }

  /// - Parameter last: the latest due time of what was claimed; nil where there was nothing.
  mutating func swept(to last: Timestamp?) {
    if let last { due = last }
    isFromStart = due == nil
  }
}
