/// Why a text is no template: the place, and a sentence.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  public let line: Int
  /// In characters, from 1.
  public let column: Int
  public let reason: String

  public var description: String { "line \(line), column \(column): \(reason)" }

  init(_ reason: String, at offset: Int, of source: [UInt8]) {
    let before = source[..<offset]
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    line = 1 + before.count { $0 == UInt8(ascii: "\n") }
    column = 1 + String(decoding: before[start...], as: UTF8.self).count
    self.reason = reason
  }
}

/// Why a message could not be made from a template and values. None of these repeats a value.
public enum RenderRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// Neither value nor default; a text of nothing but blanks is no value.
  case missing([String])
  /// A value that its format cannot write: `needed` says what would do.
  case unfit(String, needed: String)
  /// A character that must not stand in this place.
  case forbidden(String)
  /// More than so many bytes.
  case tooLong(Int)

  public var description: String {
    switch self {
    case .missing(let names): "missing variable\(names.count == 1 ? "" : "s") \(names.joined(separator: ", "))"
    case .unfit(let name, let needed): "variable \(name) is not \(needed)"
    case .forbidden(let name): "variable \(name) holds a control character"
    case .tooLong(let bytes): "the text would have more than \(bytes) bytes"
    }
  }
}
