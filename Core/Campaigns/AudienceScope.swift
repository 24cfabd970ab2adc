public import Postgres

/// Whose people a campaign may reach, and by which clock its days begin.
public struct AudienceScope: Hashable, Sendable {
  /// nil is everybody, those of no branch among them: the campaign of a head office.
  let branches: [Int64]?
  /// Of the tz database.
  let timeZone: String

  public init(branches: [Int64]?, timeZone: String) {
    (self.branches, self.timeZone) = (branches, timeZone)
  }

  /// The branch and all below it.
  public static func ask(_ branch: Int64) -> Question<AudienceScope> {
    Question(
      """
      with recursive below as (
        select id from branch where id = $1
        union select b.id from branch b join below o on b.parent_id = o.id)
      select o.level = 'head-office', o.time_zone, array(select id from below order by id) from branch o where o.id = $1
      """
    ) {
      $0.integer(branch)
    } reading: { rows in
      guard let row = rows.first else { return AudienceScope(branches: [], timeZone: "UTC") }
      return AudienceScope(branches: row.boolean(0) ? nil : row.integers(2), timeZone: row.text(1))
    }
  }
}
