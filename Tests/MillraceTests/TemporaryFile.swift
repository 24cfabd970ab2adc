import Glibc

struct NoFile: Error {}

/// A file that is gone afterwards.
func temporaryFile(_ text: String, _ body: (_ path: String) throws -> Void) throws {
  var path = Array("/tmp/millrace-XXXXXX".utf8CString)
  let descriptor = mkstemp(&path)
  guard descriptor >= 0 else { throw NoFile() }
  let name = path.withUnsafeBufferPointer {
    String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  defer { unlink(name) }
  let bytes = Array(text.utf8)
  let count = write(descriptor, bytes, bytes.count)
  close(descriptor)
  guard count == bytes.count else { throw NoFile() }
  try body(name)
}
