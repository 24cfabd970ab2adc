internal import CPrograms
internal import Glibc

/// A file that is nowhere but in memory, and ends with its last descriptor (memfd_create(2)).
final class MemoryFile {
  let descriptor: Int32

  struct Fault: Error {
    /// An errno.
    let number: Int32
  }

  init(_ bytes: [UInt8]) throws(Fault) {
    descriptor = millrace_memory_file()
    guard descriptor >= 0 else { throw Fault(number: errno) }
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(done))
      }
      if written < 0, errno == EINTR { continue }
      // The descriptor is closed by `deinit`, which runs although `init` has thrown: all that is stored is there.
      guard written > 0 else { throw Fault(number: errno) }
      done += written
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// What has been written to it; nothing where that is more.
  func bytes(atMost most: Int) -> [UInt8] {
    var about = stat()
    guard fstat(descriptor, &about) == 0 else { return [] }
    guard about.st_size <= off_t(most) else { return [] }
    let size = Int(about.st_size)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let read = pread(descriptor, buffer.baseAddress! + count, size - count, off_t(count))
        if read < 0, errno == EINTR { continue }
        guard read > 0 else { break }
        count += read
      }
    }
  }
}
