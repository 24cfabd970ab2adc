internal import Glibc

/// Files that a command is given whole: one, or those of a directory.
enum InputFiles {
  /// Of a directory those with one of the endings, in order of their names.
  static func named(_ path: String, endings: [String]) throws(Failure) -> [String] {
    guard let folder = opendir(path) else {
      guard errno == ENOTDIR else { throw failed(path) }
      return [path]
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if endings.contains(where: { name.hasSuffix($0) }) { names.append(name) }
    }
    guard !names.isEmpty else {
      throw .no("\(path) holds no \(endings.map { "*" + $0 }.joined(separator: " and no ")).")
    }
    return names.sorted().map { path + "/" + $0 }
  }

  static func contents(of path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failed(path) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= 1 << 28 else { throw .no("\(path) is larger than 256 MiB.") }
    }
  }

  private static func failed(_ path: String) -> Failure {
    .no("\(path) cannot be read: \(String(cString: strerror(errno))).")
  }
}
