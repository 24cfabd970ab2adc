internal import Glibc
package import Values

/// Rows that were not taken, as a table that a person mends in a spreadsheet and imports again: line, field, reason and
/// sentence, then the row's own cells under their own headings.
///
/// UTF-8 with a byte order mark, CRLF, and an apostrophe before every cell that a spreadsheet would calculate (a cell
/// that begins with one of = + - @, tab or a line break, in either width); importing takes it off again. Written beside its
/// place and moved there at the end; another table that lies there already, perhaps half mended, is not overwritten.
package final class RejectFile {
  /// The columns that it adds, which an import passes over.
  package static let columns = ["rejected line", "rejected field", "rejected because", "rejected meaning"]

  package let path: String
  package private(set) var count = 0
  private let descriptor: Int32
  private var pending: [UInt8] = []
  private let isContinued: Bool

  /// - Parameter header: the columns of the table; its own from an earlier rejection are not repeated.
  package init(_ path: String, header: [String]) throws(TableError) {
    self.path = path
    descriptor = open(path + ".part", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .file("\(shown(path)) cannot be written: \(String(cString: strerror(errno))).") }
    isContinued = header.starts(with: Self.columns)
    pending = [0xEF, 0xBB, 0xBF]
    append(Self.columns + (isContinued ? Array(header.dropFirst(Self.columns.count)) : header))
  }

  deinit { close(descriptor) }

  package func add(_ row: TableRow, _ refusal: Refusal) throws(TableError) {
    count += 1
    let own = isContinued ? Array(row.cells.dropFirst(Self.columns.count)) : row.cells
    append([String(row.line), refusal.path, refusal.reason, refusal.detail] + own)
    if pending.count > 1 << 16 { try flush() }
  }

  /// Nothing is left behind where no row was rejected.
  package func finish() throws(TableError) {
    guard count > 0 else {
      unlink(path + ".part")
      return
    }
    try flush()
    guard try isNewOrSame() else {
      throw .file(
        "\(shown(path)) was there already and is another table: what was rejected now is in \(shown(path + ".part")).")
    }
    guard fsync(descriptor) == 0, rename(path + ".part", path) == 0 else { throw failed() }
  }

  private func isNewOrSame() throws(TableError) -> Bool {
    guard access(path, F_OK) == 0 else { return true }
    let files = (try TextFile(path), try TextFile(path + ".part"))
    guard files.0.size == files.1.size else { return false }
    let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 << 16, alignment: 16)
    defer { pieces.deallocate() }
    let halves = (
      UnsafeMutableRawBufferPointer(rebasing: pieces[..<(1 << 16)]),
      UnsafeMutableRawBufferPointer(rebasing: pieces[(1 << 16)...])
    )
    var offset = 0
    while true {
      let count = try files.0.read(at: offset, into: halves.0)
      let other = try files.1.read(at: offset, into: halves.1)
      guard halves.0[..<count].elementsEqual(halves.1[..<other]) else { return false }
      if count == 0 { return true }
      offset += count
    }
  }

  private func flush() throws(TableError) {
    guard pending.withUnsafeBytes({ writeAll($0, to: descriptor) }) else { throw failed() }
    pending.removeAll(keepingCapacity: true)
  }

  private func failed() -> TableError {
    .file("\(shown(path)) cannot be written: \(String(cString: strerror(errno))).")
  }

  private func append(_ cells: [String]) { pending.append(cells: cells) }
}
