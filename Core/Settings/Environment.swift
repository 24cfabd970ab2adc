internal import Glibc

/// Environment variables and the files that some of them name: all that settings are read from.
public struct Environment: Sendable {
  private let variables: [String: String]
  private let unreadable: Set<String>
  private let file: @Sendable (String) -> Result<[UInt8], FileFault>

  /// Tests give both; `files` maps a path to its text.
  public init(_ variables: [String: String], files: [String: String] = [:]) {
    self.init(variables) { path in
      files[path].map { .success(Array($0.utf8)) } ?? .failure(FileFault("No such file or directory"))
    }
  }

  /// `unreadable` names variables whose values are not UTF-8.
  init(
    _ variables: [String: String], unreadable: Set<String> = [],
    file: @escaping @Sendable (String) -> Result<[UInt8], FileFault>
  ) {
    self.variables = variables
    self.unreadable = unreadable
    self.file = file
  }

  /// The process's own, as it was when the process started.
  ///
  /// Read from `/proc/self/environ` because C's `environ` is a global variable that other threads may change.
  public static func ofProcess() throws(SettingsError) -> Environment {
    guard case .success(let bytes) = readWholeFile("/proc/self/environ", atMost: 1 << 24) else {
      throw SettingsError(sentences: ["The environment cannot be read from /proc/self/environ."])
    }
    var variables: [String: String] = [:]
    var unreadable: Set<String> = []
    for entry in bytes.split(separator: 0) {
      guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(decoding: entry[..<equals], as: UTF8.self)
      if let value = String(validating: entry[(equals + 1)...], as: UTF8.self) {
        variables[name] = value
      } else {
        unreadable.insert(name)
      }
    }
    return Environment(variables, unreadable: unreadable) { readWholeFile($0, atMost: 1 << 20) }
  }

  /// Every variable that is set.
  var names: Set<String> { unreadable.union(variables.keys) }

  /// A variable's value; nil where it is not set or empty.
  func plain(_ name: String) -> Result<String?, Wrong> {
    if unreadable.contains(name) { return .failure(Wrong("\(name) is not valid UTF-8.")) }
    let value = variables[name] ?? ""
    return .success(value.isEmpty ? nil : value)
  }

  /// A secret's value, from the variable or from the file that `NAME_FILE` names, without its last line break.
  func secret(_ name: String) -> Result<String?, Wrong> {
    let named = "\(name)_FILE"
    switch (plain(name), plain(named)) {
    case (.failure(let wrong), _), (_, .failure(let wrong)):
      return .failure(wrong)
    case (.success(.some), .success(.some)):
      return .failure(Wrong("\(name) and \(named) are both set; give one of them."))
    case (.success(let value), .success(nil)):
      return .success(value)
    case (.success(nil), .success(.some(let path))):
      return contents(of: path, named: named).map { .some($0) }
    }
  }

  private func contents(of path: String, named name: String) -> Result<String, Wrong> {
    let bytes: [UInt8]
    switch file(path) {
    case .failure(let fault):
      return .failure(Wrong("\(name) names \(quoted(path)), which cannot be read: \(fault.reason)."))
    case .success(let read): bytes = read
    }
    guard let whole = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      return .failure(Wrong("\(name) names \(quoted(path)), which is not UTF-8 text."))
    }
    // Unicode joins CR and LF into one character.
    let text = whole.last?.isNewline == true ? String(whole.dropLast()) : whole
    guard !text.isEmpty else { return .failure(Wrong("\(name) names \(quoted(path)), which is empty.")) }
    return .success(text)
  }
}

/// The one sentence about one wrong variable.
struct Wrong: Error, Equatable {
  let sentence: String
  init(_ sentence: String) { self.sentence = sentence }
}

/// Why a file cannot be read, in the system's words.
struct FileFault: Error, Equatable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// What was given, on one line: quotes, backslashes and control characters escaped, long texts cut.
func quoted(_ text: String) -> String {
  let cut = text.count > 100 ? text.prefix(100) + "…" : text[...]
  return "\"" + cut.unicodeScalars.map { $0.escaped(asASCII: false) }.joined() + "\""
}

private func readWholeFile(_ path: String, atMost limit: Int) -> Result<[UInt8], FileFault> {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return .failure(FileFault(String(cString: strerror(errno)))) }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 16 * 1024)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { return .failure(FileFault(String(cString: strerror(errno)))) }
    if count == 0 { return .success(bytes) }
    bytes += chunk[..<count]
    guard bytes.count <= limit else { return .failure(FileFault("larger than \(ByteSize.show(limit))")) }
  }
}
