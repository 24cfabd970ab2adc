internal import Glibc
package import Tables
internal import Values

/// Lines to publish, held in memory: they are gone through twice, and standard input can be read only once.
package struct PublishFile {
  /// Larger files are to be split: an operator's machine is no bulk loader.
  static let largest = 1 << 30

  /// For messages and ids.
  package let name: String
  package let bytes: [UInt8]

  /// - Parameter path: `-` for standard input.
  package init(_ path: String) throws(TableError) {
    let isInput = path == "-"
    name = isInput ? "-" : path.split(separator: "/").last.map(String.init) ?? path
    let descriptor = isInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file("\(shown(path)) cannot be read: \(String(cString: strerror(errno))).") }
    defer { if !isInput { close(descriptor) } }
    var bytes: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .file("\(shown(path)) cannot be read: \(String(cString: strerror(errno))).") }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= Self.largest else { throw .file("\(shown(path)) is larger than 1 GiB: split it.") }
    }
    self.bytes = bytes
  }

  package init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Every line that is not blank, without its line break, numbered from 1.
  package func forEachLine(_ body: (_ number: Int, _ line: UnsafeRawBufferPointer) throws -> Void) rethrows {
    try bytes.withUnsafeBytes { text in
      var number = 0
      var start = 0
      while start < text.count {
        let rest = UnsafeRawBufferPointer(rebasing: text[start...])
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
        number += 1
        start += end + 1
        var line = UnsafeRawBufferPointer(rebasing: rest[..<end])
        if line.last == UInt8(ascii: "\r") { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
        if line.contains(where: { $0 != 0x20 && $0 != 0x09 }) { try body(number, line) }
      }
    }
  }
}
