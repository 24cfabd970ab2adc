import FoundationEssentials

/// Files of the project that tests read.
enum SourceFile {
  private static let top = URL(filePath: #filePath).appending(path: "../../..").standardized

  static func read(_ path: String) throws -> String {
    try String(contentsOf: top.appending(path: path), encoding: .utf8)
  }
}
