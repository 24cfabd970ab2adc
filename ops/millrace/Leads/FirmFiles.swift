internal import Glibc
internal import Values

/// The files that a firm is read from: one, or those of a directory.
enum FirmFiles {
  static func read(_ path: String) throws(Failure) -> Firm {
    var firm = Firm()
    for file in try files(path) {
      let read = file.hasSuffix(".csv") ? try FirmTable.read(file) : try object(file)
      do throws(Refusal) { try firm.add(read) } catch { throw .no("\(error)") }
    }
    return firm
  }

  private static func object(_ file: String) throws(Failure) -> Firm {
    let bytes = try contents(file)
    do throws(Refusal) { return try Firm(reading: bytes, file: file) } catch { throw .no("\(file): \(error)") }
  }

  private static func files(_ path: String) throws(Failure) -> [String] {
    guard let folder = opendir(path) else {
      guard errno == ENOTDIR else { throw failed(path) }
      return [path]
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(".json") || name.hasSuffix(".csv") { names.append(name) }
    }
    guard !names.isEmpty else { throw .no("\(path) holds no *.json and no *.csv.") }
    return names.sorted().map { path + "/" + $0 }
  }

  private static func contents(_ path: String) throws(Failure) -> [UInt8] {
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
