import Contract
import Runtime

/// Keeps the service log: takes what was done to people from where it was written down, gives each a number and a place in
/// the chain, tells it, and closes days. Any number may run; one at a time works, because there is one order.
@main
struct KeepServiceLog: SweepingWorker {
  static let name = "keep-service-log"
  static let summary = "records every action on a person, in one chain, and closes days"
  static let sweeps: [any Sweep.Type] = [RecordActions.self, CloseServiceDays.self]
}
