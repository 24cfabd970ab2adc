/// The door through which a worker's `load` and `claim` read. It cannot commit, roll back or outlive its batch's work.
public struct Transaction {
  private let connection: Connection

  /// For the runtime, and for tests of statements: the connection has a transaction open.
  public init(open connection: Connection) {
    self.connection = connection
  }

  public func rows(_ statement: Statement) throws(PostgresError) -> Rows {
    try connection.rows(statement)
  }

  public func rows(_ statement: Statement, _ bind: (inout Arguments) -> Void) throws(PostgresError) -> Rows {
    var arguments = Arguments()
    bind(&arguments)
    return try connection.rows(statement, arguments)
  }
}

extension Connection {
  public func rows(_ statement: Statement, _ bind: (inout Arguments) -> Void) throws(PostgresError) -> Rows {
    var arguments = Arguments()
    bind(&arguments)
    return try rows(statement, arguments)
  }
}
