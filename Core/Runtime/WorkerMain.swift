public import Contract

extension Worker {
  /// What the executable does; `@main` on the worker's type is all it takes.
  public static func main() {
    let own = [WorkerSettings.work] + (settings.map { [$0] } ?? [])
    let settings = Supervisor.settings(for: name, summary: "consumes \(Input.topic.name)", own)
    let supervisor = Supervisor(settings)
    let metrics = WorkerMetrics(supervisor.metrics, worker: name)
    for number in 1...settings.settings[.lanes] {
      supervisor.add("lane \(number)") {
        DecideLane<Self>(number, settings, $0, supervisor.stopping, supervisor.log, metrics)
      }
    }
    for sweep in sweeps { supervisor.add(sweep, settings) }
    exitProcess(supervisor.run())
  }
}

extension Supervisor {
  fileprivate func add<S: Sweep>(_ sweep: S.Type, _ settings: WorkerSettings) {
    let metrics = WorkerMetrics(self.metrics, worker: S.name)
    add("sweep \(S.name)") { SweepLane<S>(settings, $0, stopping, log, metrics) }
  }
}
