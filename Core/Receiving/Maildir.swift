internal import Glibc

/// A folder that a mail server delivers to: each mail a file, whole once it is in `new` (maildir(5), of qmail).
///
/// Several readers may have the same one: a mail that another has moved is gone, and that is no error.
struct Maildir: Sendable {
  let path: String

  enum Flag: String, Sendable {
    /// Dealt with.
    case seen = "S"
    /// For somebody to look at.
    case flagged = "F"
  }

  /// As much of a mail as is read. What reports say stands before the mail that they are about.
  static let mostBytes = 1 << 20

  enum Reading {
    /// The mail's beginning.
    case mail([UInt8])
    /// Another has moved it, or it is no file.
    case gone
    /// This one cannot be read, which says nothing of the others.
    case unreadable(MaildirError)
  }

  /// Names of mails that nobody has dealt with, as the folder has them; no particular order.
  /// - Parameter others: those that are left where they are.
  func waiting(atMost most: Int, besides others: Set<String> = []) throws(MaildirError) -> [String] {
    guard let folder = opendir("\(path)/new") else { throw MaildirError("\(path)/new cannot be read", errno: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    errno = 0
    while names.count < most, let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(validatingCString: $0.bindMemory(to: CChar.self).baseAddress!)
      }
      // Folders, pipes and links are no mails, nor is what begins with a dot; where the file system does not say, reading does.
      let kind = Int32(entry.pointee.d_type)
      if let name, !name.hasPrefix("."), kind == DT_REG || kind == DT_UNKNOWN, !others.contains(name) {
        names.append(name)
      }
      errno = 0
    }
    guard errno == 0 else { throw MaildirError("\(path)/new cannot be read", errno: errno) }
    return names
  }

  /// An error where no other mail could be read either.
  func read(_ name: String) throws(MaildirError) -> Reading {
    // Neither followed elsewhere nor waited for.
    let file = open("\(path)/new/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT || errno == ELOOP { return .gone }
      return try unreadable(errno)
    }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { return try unreadable(errno) }
    guard facts.st_mode & S_IFMT == S_IFREG else { return .gone }
    var bytes = [UInt8](repeating: 0, count: min(Int(facts.st_size), Maildir.mostBytes))
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
      if got < 0 {
        if errno == EINTR { continue }
        return try unreadable(errno)
      }
      if got == 0 { break }
      count += got
    }
    bytes.removeLast(bytes.count - count)
    return .mail(bytes)
  }

  private func unreadable(_ code: Int32) throws(MaildirError) -> Reading {
    let error = MaildirError("a mail in \(path)/new cannot be read", errno: code)
    // What the process or the machine lacks is no mail's fault.
    if [EMFILE, ENFILE, ENOMEM].contains(code) { throw error }
    return .unreadable(error)
  }

  /// To the mails that were dealt with. False where another has moved it.
  @discardableResult
  func move(_ name: String, _ flag: Flag) throws(MaildirError) -> Bool {
    let unique = name.prefix { $0 != ":" }
    guard rename("\(path)/new/\(name)", "\(path)/cur/\(unique):2,\(flag.rawValue)") != 0 else { return true }
    if errno == ENOENT, access("\(path)/cur", W_OK) == 0 { return false }
    throw MaildirError("a mail cannot be moved to \(path)/cur", errno: errno)
  }
}

struct MaildirError: Error, CustomStringConvertible {
  let description: String

  init(_ action: String, errno code: Int32) { description = "\(action): \(String(cString: strerror(code)))" }
}
