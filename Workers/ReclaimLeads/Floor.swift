import Postgres
import Values

/// Where a sweep's scan of an index begins: just what it has swept is not looked through again and again until a vacuum
/// comes. Now and then it begins at the very start, for rows that others held or that became due behind it.
struct Floor {
  private var due: Timestamp?
  private var claims = 0

  /// nil is from the very start.
  var start: Timestamp? { claims == 0 ? nil : due }

  /// - Parameter last: the latest due time of what was claimed; nil where there was nothing.
  mutating func swept(to last: Timestamp?) {
    if let last { due = last }
    claims = claims >= 300 || due == nil ? 0 : claims + 1
  }
}
