public import Values

/// The door through which a worker's `load` and `claim` read. It cannot commit, roll back or outlive its batch's work.
public struct Transaction {
  private let connection: Connection
  private let opening: Opening

  /// For the runtime, and for tests of statements: the connection has a transaction open.
  public init(open connection: Connection) {
    self.connection = connection
    opening = Opening(nil)
  }

  /// For the runtime: the transaction's first statements were sent in a pipeline that is still open, so that PostgreSQL works
  /// on them while the worker thinks of its questions.
  /// - Parameter settle: receives their answers. Called once, before the first question is answered or by `settle`.
  public init(opening connection: Connection, settle: @escaping () throws(PostgresError) -> Void) {
    self.connection = connection
    opening = Opening(settle)
  }

  /// Asks all of these in one round trip, and in this order: each sees what the one before it locked or changed.
  public func ask<each Answer>(
    _ question: repeat Question<each Answer>
  ) throws(PostgresError) -> (repeat each Answer) {
    if !opening.isPending {
      var isAsking = false
      repeat note((each question).asking != nil, in: &isAsking)
      guard isAsking else { return (repeat try (each question).read(nil)) }
      try connection.enterPipeline()
    }
    repeat try send((each question).asking)
    if opening.tellsTime { try connection.send(Transaction.clock) }
    try finishOpening()
    let answers = (repeat try receive(each question))
    if opening.tellsTime { opening.moment = try connection.receive()[0].timestamp(0) }
    try connection.leavePipeline()
    return (repeat try (each answers).read())
  }

  public func rows(_ statement: Statement) throws(PostgresError) -> Rows {
    try ask(Question(statement) { $0 })
  }

  public func rows(_ statement: Statement, _ bind: (inout Arguments) -> Void) throws(PostgresError) -> Rows {
    try withoutActuallyEscaping(bind) { bind throws(PostgresError) in try ask(Question(statement, bind) { $0 }) }
  }

  /// For the runtime: PostgreSQL's clock after the last question, later than whatever was locked or read. It comes with the
  /// answers; where nothing was asked it is asked for now.
  public func moment() throws(PostgresError) -> Timestamp {
    if let moment = opening.moment { return moment }
    return try connection.rows(Transaction.clock)[0].timestamp(0)
  }

  private static var clock: Statement { "select clock_timestamp()" }

  /// For the runtime, when the worker has asked all it wants to.
  public func settle() throws(PostgresError) {
    guard opening.isPending else { return }
    try finishOpening()
    try connection.leavePipeline()
  }

  /// For the runtime, when work on the transaction ended with an error before anything was asked: what was sent is answered
  /// to nobody, so that it can be rolled back.
  public func discard() {
    guard opening.take() != nil else { return }
    connection.discardPipeline()
  }

  private func finishOpening() throws(PostgresError) {
    try connection.finishSending()
    guard let settle = opening.take() else { return }
    do { try settle() } catch {
      connection.discardPipeline()
      throw error
    }
  }

  private func note(_ isAsked: Bool, in any: inout Bool) { if isAsked { any = true } }

  private func send(_ asking: Asking?) throws(PostgresError) {
    if let asking { try connection.send(asking) }
  }

  private func receive<Answer>(_ question: Question<Answer>) throws(PostgresError) -> Received<Answer> {
    Received(question: question, rows: question.asking == nil ? nil : try connection.receive())
  }

  private struct Received<Answer> {
    let question: Question<Answer>
    let rows: Rows?

    func read() throws(PostgresError) -> Answer { try question.read(rows) }
  }
}

/// What was sent and whose answers nobody has read yet.
private final class Opening {
  private var settle: (() throws(PostgresError) -> Void)?
  /// Whether somebody will want to know the moment.
  let tellsTime: Bool
  var moment: Timestamp?

  init(_ settle: (() throws(PostgresError) -> Void)?) {
    self.settle = settle
    tellsTime = settle != nil
  }

  var isPending: Bool { settle != nil }

  func take() -> (() throws(PostgresError) -> Void)? {
    defer { settle = nil }
    return settle
  }
}

extension Connection {
  /// Asks all of these in one round trip, as `Transaction.ask` does; outside a transaction all are of one.
  public func ask<each Answer>(
    _ question: repeat Question<each Answer>
  ) throws(PostgresError) -> (repeat each Answer) {
    try Transaction(open: self).ask(repeat each question)
  }

  public func rows(_ statement: Statement, _ bind: (inout Arguments) -> Void) throws(PostgresError) -> Rows {
    var arguments = Arguments()
    bind(&arguments)
    return try rows(statement, arguments)
  }
}
