extension Connection {
  /// Whether this session keeps its server session between transactions. A pooler in transaction mode gives it away,
  /// and with it prepared statements, limits, schema and role.
  ///
  /// This session is marked; the other one begins a transaction, which takes the server session that was free last; then
  /// the mark is looked for. Poolers hand out the last one first, so that the mark is gone if there is such a pooler.
  /// - Parameter other: another session of the same server, with no transaction open.
  public func keepsItsSession(beside other: Connection) throws(PostgresError) -> Bool {
    let before = try rows("select pg_backend_pid(), set_config('millrace.probe', pg_backend_pid()::text, false)")
    let process = before[0].integer(0)
    try other.run(script: "begin; select 1")
    let after = try rows("select pg_backend_pid(), current_setting('millrace.probe', true)")
    try other.run(script: "rollback")
    return after[0].integer(0) == process && after[0].optionalText(1) == String(process)
  }
}
