internal import Glibc

/// The process's own numbers, under the names that Prometheus' client libraries give them on Linux.
///
/// What `/proc` does not tell (in some sandboxes) is left out rather than shown as zero.
struct ProcessMetrics: Sendable {
  private let startTime: Double?

  init() {
    startTime = Self.startTime(
      stat: Self.read("/proc/self/stat"), system: Self.read("/proc/stat"), ticks: Double(sysconf(Int32(_SC_CLK_TCK))))
  }

  func exposition() -> String {
    var cpu = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu)
    var files = rlimit()
    let hasLimit = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0
    let stat = Self.fields(of: Self.read("/proc/self/stat"))
    let page = Double(sysconf(Int32(_SC_PAGESIZE)))
    let samples: [(name: String, kind: String, help: String, value: Double?)] = [
      (
        "cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
        Double(cpu.tv_sec) + Double(cpu.tv_nsec) / 1e9
      ),
      ("max_fds", "gauge", "Maximum number of open file descriptors.", hasLimit ? Double(files.rlim_cur) : nil),
      ("open_fds", "gauge", "Number of open file descriptors.", Self.openFiles()),
      (
        "resident_memory_bytes", "gauge", "Resident memory size in bytes.", stat.flatMap { $0[24] }.map { $0 * page }
      ),
      (
        "start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", startTime
      ),
      ("threads", "gauge", "Number of OS threads in the process.", stat.flatMap { $0[20] }),
      ("virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", stat.flatMap { $0[23] }),
    ]
    return samples.reduce(into: "") { text, sample in
      guard let value = sample.value else { return }
      let name = "process_\(sample.name)"
      text += "# HELP \(name) \(sample.help)\n# TYPE \(name) \(sample.kind)\n\(name) \(shown(value))\n"
    }
  }

  /// Numbers of `/proc/PID/stat`, counted from 1 as in proc(5). The second field may hold blanks and brackets.
  static func fields(of stat: String) -> [Int: Double]? {
    guard let bracket = stat.lastIndex(of: ")") else { return nil }
    let words = stat[stat.index(after: bracket)...].split(separator: " ")
    return Dictionary(
      uniqueKeysWithValues: words.enumerated().compactMap { index, word in
        Double(word).map { (index + 3, $0) }
      })
  }

  static func startTime(stat: String, system: String, ticks: Double) -> Double? {
    guard let started = fields(of: stat)?[22],
      let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let boot = Double(line.dropFirst(6))
    else { return nil }
    return boot + started / ticks
  }

  private static func openFiles() -> Double? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var count = -3.0  // ".", ".." and the directory itself
    while readdir(directory) != nil { count += 1 }
    return count
  }

  /// Files under `/proc` have no size; empty where it cannot be read.
  private static func read(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
