internal import Organisation
internal import Postgres
internal import Values

/// What a file says of the firm that events say too goes through the same door: of each field the latest by its own time
/// counts. A file speaks of the moment at which it is loaded.
extension FirmDifference {
  /// A branch's row is the lock on its people: whoever gives leads away there now does so with the people as they were. All
  /// at once and in order, after the firm's own row, so that nobody waits for anybody in a circle.
  func lockPeople(_ session: Connection) throws(PostgresError) {
    _ = try session.rows("select from organisation for update")
    _ = try session.rows(
      """
      select from branch_load where branch_id in (
        select branch_id from person where code = any($1)
        union select open_branch(id) from branch where code = any($2))
      order by branch_id for update
      """
    ) {
      $0.texts(people) { $0.code }
      $0.texts(people) { $0.branch }
    }
  }

  func recordOrganisation(_ session: Connection) throws(PostgresError) {
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    // One file loaded twice at one moment is nothing; two are told apart by their number.
    let event = try session.rows("select pg_current_xact_id()::text")[0].text(0)
    let known = try FirmTables.read(session)
    let knownBranches = Dictionary((known.branches ?? []).map { ($0.code, $0) }, uniquingKeysWith: { $1 })
    let knownPeople = Dictionary((known.people ?? []).map { ($0.code, $0) }, uniquingKeysWith: { $1 })
    try Organisation.record(
      branches: branches.map { branch in
        said(.branch(branch.code), knownBranches[branch.code]?.said ?? [], branch.said, now, event)
      },
      people: people.map { person in
        said(.person(person.code), knownPeople[person.code]?.said ?? [], person.said, now, event)
      }, Transaction(open: session))
  }

  /// Only what differs: a file that leaves a field as it is says nothing new of it.
  private func said(
    _ subject: Fact.Subject, _ old: [Saying], _ new: [Saying], _ at: Timestamp, _ event: String
  ) -> [Fact] {
    new.filter { !old.contains($0) }.map {
      Fact(subject, $0.field, $0.value, more: $0.more, at: at, source: "/millrace/leads-setup", event: event)
    }
  }
}

private struct Saying: Equatable {
  let field: Fact.Field
  let value: String?
  var more: String? = nil
}

extension Firm.Branch {
  fileprivate var said: [Saying] {
    [
      Saying(field: .name, value: name), Saying(field: .level, value: level),
      Saying(field: .timeZone, value: timeZone), Saying(field: .parent, value: parent),
    ]
  }
}

extension Firm.Person {
  fileprivate var said: [Saying] {
    [
      Saying(field: .name, value: name), Saying(field: .branch, value: branch),
      Saying(field: .active, value: active ? "yes" : "no"), Saying(field: .manager, value: manager ? "yes" : "no"),
      Saying(field: .leave, value: leaveFrom?.rfc3339, more: leaveUntil?.rfc3339),
    ]
  }
}
