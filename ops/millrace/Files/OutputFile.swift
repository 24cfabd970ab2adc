internal import Glibc
internal import Tables
internal import Values

/// A file that a command writes for whoever gave it.
enum OutputFile {
  /// Beside its place first, so that nobody reads half of it. For its owner alone: it holds what not everybody is to know.
  static func write(_ text: String, to path: String) throws(Failure) {
    let part = path + ".part"
    let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failed(path) }
    defer { close(descriptor) }
    var text = text
    guard text.withUTF8({ writeAll(UnsafeRawBufferPointer($0), to: descriptor) }), rename(part, path) == 0 else {
      let failure = failed(path)
      unlink(part)
      throw failure
    }
  }

  private static func failed(_ path: String) -> Failure {
    .no("\(shown(path)) cannot be written: \(String(cString: strerror(errno))).")
  }
}
