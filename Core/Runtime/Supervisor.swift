internal import CMalloc
internal import Glibc
public import Observe
public import Settings

/// A worker process: checks its settings, starts a thread for each lane and the health listener, and ends in order.
///
/// Signals: SIGTERM and SIGINT ask for an orderly end within `SHUTDOWN_WITHIN`; a second one ends at once. They are
/// taken by this thread with `sigtimedwait`, so no handler ever runs. Lanes run on threads of their own with nothing
/// on the cooperative pool.
public final class Supervisor {
  /// Exit codes as `sysexits.h` has them.
  enum Exit {
    static let usage: Int32 = 64
    static let hung: Int32 = 70
    static let tempFail: Int32 = 75
  }

  let settings: WorkerSettings
  public let log: Log
  public let metrics: Metrics
  public let stopping = Stopping()
  private var lanes: [(lane: any Lane, status: LaneStatus)] = []

  init(_ settings: WorkerSettings) {
    self.settings = settings
    log = Log(worker: settings.worker, level: settings.settings[.logLevel], format: settings.settings[.logFormat])
    metrics = Metrics()
  }

  public func add(_ name: String, _ make: (LaneStatus) -> any Lane) {
    let status = LaneStatus(name)
    lanes.append((make(status), status))
  }

  /// Runs until a signal asks for the end. Answers the exit code.
  func run() -> Int32 {
    if let wrong = FailPoint.checkArmed() {
      log.error(wrong)
      return Exit.usage
    }
    signal(SIGPIPE, SIG_IGN)
    // Inherited as ignored, it would hide how programs end that we run.
    signal(SIGCHLD, SIG_DFL)
    // glibc gives every thread an arena of its own, and each keeps what its thread once needed: librdkafka alone has a
    // dozen threads. Two arenas do for a process whose lanes wait for PostgreSQL most of the time.
    mallopt(M_ARENA_MAX, 2)
    // A batch's large buffers go back to the system when it is done; by itself glibc would begin to keep them.
    mallopt(M_MMAP_THRESHOLD, 256 << 10)
    var awaited = sigset_t()
    sigemptyset(&awaited)
    sigaddset(&awaited, SIGTERM)
    sigaddset(&awaited, SIGINT)
    // Before any thread starts, so that all inherit it.
    pthread_sigmask(SIG_BLOCK, &awaited, nil)

    guard let health = openHealth() else { return Exit.tempFail }
    let threads = lanes.map { LaneThread($0.lane) }
    SystemdNotice.send("READY=1")
    log.info("started", ["lanes": .integer(lanes.count), "http_port": .integer(health.port)])

    let code = watch(&awaited)
    SystemdNotice.send("STOPPING=1")
    stopping.request()
    let isInTime = LaneThread.join(threads, within: settings.settings[.shutdown]) {
      takeSignal(&awaited, within: .milliseconds(50)) != nil
    }
    _ = health.stop(within: .seconds(1))
    log.info(isInTime ? "ended" : "ended before every lane had", [:])
    log.flush()
    return code
  }

  /// Waits for a signal; meanwhile looks after the lanes.
  private func watch(_ awaited: inout sigset_t) -> Int32 {
    let bound = settings.settings[.watchdog]
    while true {
      if let signal = takeSignal(&awaited, within: .milliseconds(500)) {
        log.info("asked to end", ["signal": .integer(signal)])
        return 0
      }
      for (_, status) in lanes where status.sinceBeat > bound {
        log.error("a lane hangs; the process ends", ["lane": .text(status.name), "for": .seconds(status.sinceBeat)])
        log.flush()
        _exit(Exit.hung)
      }
      SystemdNotice.send("WATCHDOG=1")
    }
  }

  private func takeSignal(_ awaited: inout sigset_t, within wait: Duration) -> Int32? {
    let milliseconds = wait.milliseconds
    var time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
    let signal = sigtimedwait(&awaited, nil, &time)
    return signal > 0 ? signal : nil
  }

  private func openHealth() -> Listener? {
    let statuses = lanes.map(\.status)
    // A statement may take its time once, and be tried again.
    let bound = settings.patience * 2 + .seconds(1)
    do {
      let routes = Health.routes(metrics: metrics) { statuses.flatMap { $0.sentences(quietAfter: bound) } }
      return try Listener(
        host: settings.settings[.httpAddress], port: settings.settings[.httpPort], routes: routes, log: log)
    } catch {
      log.error("the health listener cannot start", ["cause": .text("\(error)")])
      return nil
    }
  }

  /// A process whose lanes are none of the three shapes. Its own settings come on top of those of every worker.
  public static func main(
    _ worker: String, summary: String, settings own: SettingGroup...,
    lanes: (Supervisor, WorkerSettings) throws -> Void
  ) -> Never {
    let settings = settings(for: worker, summary: summary, own)
    let supervisor = Supervisor(settings)
    do { try lanes(supervisor, settings) } catch { complain("\(worker) cannot start:\n\(error)") }
    exitProcess(supervisor.run())
  }

  /// Reads settings for `worker`, or prints help or what is wrong with them and ends the process.
  static func settings(for worker: String, summary: String, _ own: [SettingGroup]) -> WorkerSettings {
    let groups = own + WorkerSettings.common(worker)
    if CommandLine.arguments.contains("--help") || CommandLine.arguments.contains("-h") {
      print("\(worker): \(summary)\n\nEverything is set in the environment.\n\n\(Settings.help(for: groups))")
      exit(0)
    }
    guard CommandLine.arguments.count == 1 else {
      complain("\(worker) takes no arguments; --help lists its settings")
    }
    do {
      return try WorkerSettings(worker, own, reading: try Environment.ofProcess())
    } catch {
      complain("\(worker) cannot start:\n\(error)")
    }
  }

  static func complain(_ sentence: String) -> Never {
    var line = sentence + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(Exit.usage)
  }
}

/// Ends without running anything else: threads that did not end in time must not meet destructors.
func exitProcess(_ code: Int32) -> Never {
  fflush(nil)
  _exit(code)
}
