internal import Glibc
internal import Values

/// A file of lines that is read in pieces and from the start as often as wanted. Standard input is copied first into a
/// file without a name.
package final class TextFile {
  /// For messages.
  package let name: String
  package let size: Int
  private let descriptor: Int32

  package static let pieceSize = 1 << 18

  /// - Parameter path: `-` for standard input.
  package init(_ path: String) throws(TableError) {
    name = path == "-" ? "standard input" : path
    var descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TextFile.failed(name) }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
      self.descriptor = descriptor
    } else {
      defer { close(descriptor) }
      self.descriptor = try TextFile.spool(&descriptor, name)
    }
    guard fstat(self.descriptor, &status) == 0 else {
      close(self.descriptor)
      throw TextFile.failed(name)
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes from `offset` on, a piece at most; none at the end.
  package func read(at offset: Int, into piece: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
    while true {
      let count = pread(descriptor, piece.baseAddress, piece.count, offset)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw TextFile.failed(name) }
      return count
    }
  }

  private static func spool(_ input: inout Int32, _ name: String) throws(TableError) -> Int32 {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var path = Array("\(folder)/millrace-XXXXXX".utf8CString)
    let output = mkstemp(&path)
    guard output >= 0 else { throw failed(folder) }
    unlink(path)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = Glibc.read(input, piece.baseAddress, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        let failure = failed(name)
        close(output)
        throw failure
      }
      if count == 0 { return output }
      guard writeAll(UnsafeRawBufferPointer(rebasing: piece[..<count]), to: output) else {
        let failure = TableError.file("\(folder) cannot hold a copy of \(name): \(String(cString: strerror(errno))).")
        close(output)
        throw failure
      }
    }
  }

  private static func failed(_ name: String) -> TableError {
    .file("\(shown(name)) cannot be read: \(String(cString: strerror(errno))).")
  }
}

/// False where the system refuses; `errno` says why.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
  var rest = bytes
  while !rest.isEmpty {
    let count = write(descriptor, rest.baseAddress, rest.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
  return true
}
