/// A statement put together: for what people describe, as the filter of a campaign, whose SQL nobody can write beforehand.
///
/// It takes texts of the source and numbered places of arguments, and nothing else: there is no way to bring a value into its text, so
/// that no value can become SQL. Each is planned anew, with its values, and kept by no session.
public struct Composition {
  /// Where an argument stands: `$1`.
  public struct Place: Hashable, Sendable {
    fileprivate let number: Int
  }

  /// For whoever wants to see it; what is sent is sent with its arguments by a `Question`.
  public private(set) var text = ""
  private var binds: [(inout Arguments) -> Void] = []

  public init() {}

  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { self.text += String(decoding: $0, as: UTF8.self) }
  }

  public mutating func append(_ place: Place) { text += "$\(place.number)" }

  /// A place for an argument, which may stand in the text as often as it is wanted, but once at least.
  public mutating func place(_ bind: @escaping (inout Arguments) -> Void) -> Place {
    binds.append(bind)
    return Place(number: binds.count)
  }

  /// An argument, here.
  public mutating func append(_ bind: @escaping (inout Arguments) -> Void) { append(place(bind)) }

  func bind(_ arguments: inout Arguments) {
    for (number, bind) in binds.enumerated() {
      bind(&arguments)
      precondition(arguments.count == number + 1, "place \(number + 1) has one argument")
    }
  }
}

extension Question {
  public init(_ composition: Composition, reading: @escaping (Rows) throws(PostgresError) -> Answer) {
    self.init(Asking(.composed(composition.text), composition.bind), reading: reading)
  }
}
