internal import CMigrations
public import Digest

/// One numbered step of the schema, as ops/migrations has it. Once applied anywhere it never changes: a change is a
/// new step.
public struct Migration: Sendable, Equatable {
  public let version: Int
  public let name: String
  public let sql: String
  public let checksum: Fingerprint

  public init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
    var sql = sql
    checksum = sql.withUTF8 { SHA256().fingerprint(of: UnsafeRawBufferPointer($0)) }
  }

  /// The steps that this program was built with, in order.
  public static let all: [Migration] = (0..<millrace_migration_count).map { index in
    Migration(millrace_migration_at(index).pointee)
  }

  private init(_ step: millrace_migration) {
    let file = String(cString: step.file)
    guard let version = Int(file.prefix(4)), file.dropFirst(4).first == "_" else {
      preconditionFailure("the migration \(file) is not named NNNN_words")
    }
    self.init(
      version: version, name: String(file.dropFirst(5)),
      sql: String(decoding: UnsafeBufferPointer(start: step.text, count: step.length), as: UTF8.self))
  }
}
