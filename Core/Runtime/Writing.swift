public import Contract
public import Postgres

/// What one transaction writes, on its way to PostgreSQL in one pipeline, and how many rows each statement must touch.
public struct Writing: ~Copyable {
  private let connection: Connection
  private var arguments = Arguments()
  /// By statement, in the order of sending; nil where any number is right.
  private var expected: [Int?] = []
  /// How many of them PostgreSQL was given to begin with.
  private var pushed = 0
  private var whenBusy: (() -> Void)?

  /// - Parameter whenBusy: called once, when PostgreSQL has its first statements to work on.
  public init(_ connection: Connection, whenBusy: (() -> Void)? = nil) throws(PostgresError) {
    self.connection = connection
    self.whenBusy = whenBusy
    try connection.enterPipeline()
  }

  /// Sends the statements of that source which have rows.
  public mutating func send<State, Change>(
    _ writes: [Write<State, Change>], of source: Write<State, Change>.Source, _ state: State,
    _ changes: ArraySlice<Change>
  ) throws(PostgresError) {
    for write in writes where write.source == source {
      let rows = write.rows(state, changes)
      for stretch in write.isDivisible
        ? Stretches(of: 0..<rows.count) : Stretches(of: 0..<rows.count, first: rows.count)
      {
        arguments.removeAll()
        rows.bind(stretch, &arguments)
        try connection.send(write.statement, arguments)
        expected.append(write.touchesEach ? stretch.count : nil)
        // PostgreSQL runs a long one while the next is filled.
        if stretch.count >= Writing.longRows { try push() }
      }
    }
  }

  private static var longRows: Int { 100 }

  public mutating func send(
    _ statement: Statement, touching rows: Int?, _ bind: (inout Arguments) -> Void
  ) throws(PostgresError) {
    arguments.removeAll()
    bind(&arguments)
    try connection.send(statement, arguments)
    expected.append(rows)
  }

  /// Events to the outbox or, with a schedule, to be kept until they are due.
  public mutating func send(_ emissions: [TracedEmission], from worker: String) throws(PostgresError) {
    for row in OutboxRow.rows(emissions, source: worker) {
      try send(OutboxRow.insert, touching: 1) { row.bind(&$0) }
    }
    let scheduled = emissions.filter { $0.emission.schedule != nil }
    if !scheduled.isEmpty {
      try send(ScheduledEvents.insert, touching: nil) { ScheduledEvents.bind(&$0, scheduled, source: worker) }
    }
  }

  /// Lets PostgreSQL begin with what was sent, without waiting for it.
  public mutating func push() throws(PostgresError) {
    guard pushed < expected.count else { return }
    pushed = expected.count
    try connection.push()
    tellBusy()
  }

  private mutating func tellBusy() {
    whenBusy?()
    whenBusy = nil
  }

  /// Reads every row count. A wrong one is the same as a conflict between load and write: a fresh load mends it.
  public consuming func finish(meanwhile: (() -> Bool)? = nil) throws(PostgresError) {
    tellBusy()
    try connection.finishSending(meanwhile: meanwhile)
    FailPoint.pass(.written)
    var isRight = true
    for rows in expected {
      let found = try connection.receive().affected
      if let rows, rows != found { isRight = false }
    }
    try connection.leavePipeline()
    FailPoint.pass(.advanced)
    guard isRight else { throw .changedMeanwhile }
  }
}
