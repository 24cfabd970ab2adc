import FoundationEssentials

/// The project's own sources, for tests that hold them to something.
struct SourceText {
  let path: String
  let text: String

  private static let top = URL(filePath: #filePath).appending(path: "../../..").standardized

  static func read(_ path: String) throws -> String {
    try String(contentsOf: top.appending(path: path), encoding: .utf8)
  }

  /// Every Swift file under these folders.
  static func all(under folders: String...) throws -> [SourceText] {
    try folders.flatMap { folder in
      try FileManager.default.subpathsOfDirectory(atPath: top.appending(path: folder).path).sorted()
        .filter { $0.hasSuffix(".swift") }
        .map { SourceText(path: "\(folder)/\($0)", text: try read("\(folder)/\($0)")) }
    }
  }
}

extension String {
  func components(after heading: String) -> Substring? {
    firstRange(of: heading).map { self[$0.upperBound...] }
  }
}
