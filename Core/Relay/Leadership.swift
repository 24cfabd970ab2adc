internal import Digest
internal import Postgres
internal import Runtime

/// The row `relay` as this relay sees it: being the active one, staying so, and giving it up.
///
/// Belongs to one database session. When that is lost the leadership is, too: a statement of the lost session may still
/// run in the server, and only a newer epoch keeps it from taking effect beside those of the next session.
final class Leadership {
  let connection: Connection
  let epoch: Int64
  /// The last run that was begun, by anybody.
  private(set) var run: Int64
  private let holder: Fingerprint
  private var clock: LeaseClock

  /// nil where another relay is the active one; how long its lease still lasts is what `remaining` tells.
  init?(_ connection: Connection, holder: Fingerprint, lease: Duration) throws(RelayFailure) {
    let asked = BootClock.now
    let rows = try RelayFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        update relay set holder = $1, epoch = epoch + 1, expires_at = clock_timestamp() + $2 * interval '1 millisecond'
        where expires_at <= clock_timestamp() or holder = $1
        returning epoch, run
        """
      ) {
        $0.fingerprint(holder)
        $0.integer(lease.milliseconds)
      }
    }
    guard rows.count == 1 else { return nil }
    self.connection = connection
    self.holder = holder
    epoch = rows[0].integer(0)
    run = rows[0].integer(1)
    clock = LeaseClock(lease, asked: asked)
  }

  /// How long the active relay's lease still lasts by the database's clock.
  static func remaining(_ connection: Connection) throws(RelayFailure) -> Duration {
    let rows = try RelayFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        select case when expires_at <= clock_timestamp() then 0
          else ceil(extract(epoch from expires_at - clock_timestamp()) * 1000) end::bigint
        from relay
        """)
    }
    return .milliseconds(rows[0].integer(0))
  }

  /// Renews where that is due. Throws `deposed` where the lease is another's or may be: then nothing more may be sent.
  func keep() throws(RelayFailure) {
    let asked = BootClock.now
    if clock.isDue(asked) {
      let renewed = try RelayFailure.postgres { () throws(PostgresError) in
        try connection.rows(
          """
          update relay set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
          where holder = $1 and epoch = $2
          """
        ) { bind(&$0) }.affected
      }
      guard renewed == 1 else { throw .deposed }
      clock.renewed(asked: asked)
    }
    guard clock.isValid(BootClock.now) else { throw .deposed }
  }

  /// `$1` holder, `$2` epoch, `$3` the lease in milliseconds: what every statement of the active relay begins with.
  func bind(_ arguments: inout Arguments) {
    arguments.fingerprint(holder)
    arguments.integer(epoch)
    arguments.integer(clock.length.milliseconds)
  }

  /// A statement under this epoch took effect; it was sent at this moment and renewed the lease.
  func renewed(asked: Duration) { clock.renewed(asked: asked) }

  func began(run: Int64) { self.run = run }

  /// Lets another relay take over at once.
  func giveUp() throws(RelayFailure) {
    _ = try RelayFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        "update relay set expires_at = '-infinity', holder = null where holder = $1 and epoch = $2 and $3 is not null"
      ) { bind(&$0) }
    }
  }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
