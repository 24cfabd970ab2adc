/// Why a file cannot be read, or not in the way that was asked for.
package enum TableError: Error, Equatable, CustomStringConvertible {
  /// What was said of the file is wrong: an option, a name of a column.
  case option(String)
  /// It is the file itself, or the system.
  case file(String)

  /// A sentence for a person.
  package var description: String {
    switch self {
    case .option(let sentence), .file(let sentence): sentence
    }
  }
}
