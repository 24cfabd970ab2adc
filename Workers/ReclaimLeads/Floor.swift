import Postgres
import Values

/// Where a sweep's scan of an index begins: just what it has swept is not looked through again and again until a vacuum
/// comes. Now and then it begins at the very start, for rows that others held or that became due behind it.
struct Floor {
  private var due: Timestamp?
  private var claims = 0
  private var questions = 0

  /// nil is from the very start.
  var start: Timestamp? { claims == 0 ? nil : due }

  /// After which moment something due is looked for; nil is at any time, asked about once a minute.
  mutating func question(after heard: Timestamp?) -> Timestamp? {
    questions = questions >= 30 ? 0 : questions + 1
    return questions == 0 ? nil : heard
  }

  /// - Parameter last: the latest due time of what was claimed; nil where there was nothing.
  mutating func swept(to last: Timestamp?) {
    if let last { due = last }
    claims = claims >= 300 || due == nil ? 0 : claims + 1
  }
}
