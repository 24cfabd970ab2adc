internal import Glibc

/// A file that is gone afterwards.
@discardableResult
public func temporaryFile<T>(_ bytes: [UInt8], _ body: (_ path: String) throws -> T) throws -> T {
  var path = Array("/tmp/millrace-XXXXXX".utf8CString)
  let descriptor = mkstemp(&path)
  guard descriptor >= 0 else { throw NoFile() }
  let name = path.withUnsafeBufferPointer {
    String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  defer { unlink(name) }
  let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  close(descriptor)
  guard written == bytes.count else { throw NoFile() }
  return try body(name)
}

@discardableResult
public func temporaryFile<T>(_ text: String, _ body: (_ path: String) throws -> T) throws -> T {
  try temporaryFile(Array(text.utf8), body)
}

private struct NoFile: Error {}
