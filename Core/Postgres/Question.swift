/// What a worker wants to know of the database: a statement with its arguments, and how the answer is read. Nothing happens
/// until a `Transaction` is asked; questions that do not need each other's answers are asked together, in one round trip.
public struct Question<Answer> {
  let asking: Asking?
  private let reading: (Rows?) throws(PostgresError) -> Answer

  public init(
    _ statement: Statement, _ bind: @escaping (inout Arguments) -> Void = { _ in },
    reading: @escaping (Rows) throws(PostgresError) -> Answer
  ) {
    self.init(Asking(.statement(statement), bind), reading: reading)
  }

  init(_ asking: Asking, reading: @escaping (Rows) throws(PostgresError) -> Answer) {
    self.asking = asking
    self.reading = { rows throws(PostgresError) in
      guard let rows else { preconditionFailure("the question was not asked") }
      return try reading(rows)
    }
  }

  /// One whose answer is known already: the database is not asked.
  public init(known answer: Answer) {
    asking = nil
    reading = { _ in answer }
  }

  func read(_ rows: Rows?) throws(PostgresError) -> Answer { try reading(rows) }
}

/// A text with its arguments. Not a part of `Question`: of a type within a generic one Swift 6.3.1's compiler makes no code here, when
/// it optimises (a crash while it emits `Transaction.ask`).
struct Asking {
  enum Text {
    case statement(Statement)
    case composed(String)
  }

  let text: Text
  let bind: (inout Arguments) -> Void

  init(_ text: Text, _ bind: @escaping (inout Arguments) -> Void) { (self.text, self.bind) = (text, bind) }
}

extension Question<Void> {
  /// A statement whose effect is all that is wanted, as a lock's is.
  public init(_ statement: Statement, _ bind: @escaping (inout Arguments) -> Void = { _ in }) {
    self.init(statement, bind) { _ in }
  }
}
