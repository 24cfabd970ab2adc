import Glibc

struct NoFile: Error {}

/// A file that is gone afterwards.
func temporaryFile(_ text: String, _ body: (_ path: String) throws -> Void) throws {
  var path = Array("/tmp/millrace-test-XXXXXX".utf8CString)
  let file = mkstemp(&path)
  guard file >= 0 else { throw NoFile() }
  defer { unlink(path) }
  let bytes = Array(text.utf8)
  let written = write(file, bytes, bytes.count)
  close(file)
  guard written == bytes.count else { throw NoFile() }
  try body(String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
}
