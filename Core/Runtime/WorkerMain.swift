public import Contract
public import Settings

extension Worker {
  /// What the executable does; `@main` on the worker's type is all it takes.
  public static func main() { run { _, _ in } }

  /// The same with lanes of another shape beside, and what they are set by.
  public static func run(_ more: SettingGroup..., beside add: (Supervisor, WorkerSettings) -> Void) -> Never {
    let topics = [Input.topic.name] + companions.map { topic(of: $0) }
    let isAwaiting = sweeps.contains { $0 is any AwaitingSweep.Type }
    let own =
      [WorkerSettings.work] + (isAwaiting ? [WorkerSettings.hearing] : []) + (settings.map { [$0] } ?? []) + more
    let settings = Supervisor.settings(for: name, summary: "consumes \(topics.joined(separator: ", "))", own)
    let supervisor = Supervisor(settings)
    let metrics = WorkerMetrics(supervisor.metrics, worker: name)
    for number in 1...settings.settings[.lanes] {
      supervisor.add("lane \(number)") {
        let lane = DecideLane<Self>(number, settings, $0, supervisor.stopping, supervisor.log, metrics)
        return CompiledLane { lane.run() }
      }
    }
    for companion in companions { supervisor.add(companion, settings) }
    for sweep in sweeps { supervisor.add(sweep, settings) }
    add(supervisor, settings)
    exitProcess(supervisor.run())
  }
}

private func topic<W: Worker>(of worker: W.Type) -> String { W.Input.topic.name }

extension SweepingWorker {
  /// What the executable does; `@main` on the worker's type is all it takes.
  public static func main() {
    let settings = Supervisor.settings(for: name, summary: summary, [WorkerSettings.outbox])
    let supervisor = Supervisor(settings)
    for sweep in sweeps { supervisor.add(sweep, settings) }
    exitProcess(supervisor.run())
  }
}

extension Supervisor {
  fileprivate func add<W: Worker>(_ companion: W.Type, _ settings: WorkerSettings) {
    let metrics = WorkerMetrics(self.metrics, worker: W.name)
    add("lane of \(W.name)") { DecideLane<W>(1, settings, $0, stopping, log, metrics) }
  }

  fileprivate func add<S: Sweep>(_ sweep: S.Type, _ settings: WorkerSettings) {
    let metrics = WorkerMetrics(self.metrics, worker: S.name)
    if let awaiting = sweep as? any AwaitingSweep.Type {
      add(awaiting, settings, metrics)
    } else {
      let lanes = S.lanes(settings.settings)
      for number in 1...lanes {
        add("sweep \(S.name)\(lanes > 1 ? " \(number)" : "")") {
          SweepLane<S>(settings, $0, stopping, log, metrics, ClaimedAtOnce<S>())
        }
      }
    }
  }

  private func add<S: AwaitingSweep>(_ sweep: S.Type, _ settings: WorkerSettings, _ metrics: WorkerMetrics) {
    let hearing = Hearing(S.awaits, settings, log)
    add("sweep \(S.name)") { SweepLane<S>(settings, $0, stopping, log, metrics, ClaimedWhenHeard<S>(hearing)) }
  }
}

/// Runs a lane from where the worker's type is known, so that all of it is compiled for that worker. Called as `any
/// Lane` it would be the one compilation that serves every worker: a fifteenth slower.
private final class CompiledLane: Lane {
  private let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }

  func run() { body() }
}
