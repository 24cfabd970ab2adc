/// The room that gateways call back: receipts and answers over HTTP, to the topic `outreach.receipts`.
///
/// Invariants of this room:
/// - A gateway hears that all is well only after the broker has all that its call brought. Whatever keeps that from being so is a 503,
///   after which gateways call again; told twice, a receipt says the same.
/// - Nothing is kept here. Descriptions of gateways are read from the database now and then, and stay through its outages.
/// - Everything is bounded: head, body, receipts in a call, calls at a time, how long a call may wait.
/// - Nothing of a call is logged but its gateway: addresses hold secrets, queries hold people's numbers.
internal import Observe
internal import Runtime
internal import Settings

/// The executable `receive-receipts`.
public enum Receiving {
  static let name = "receive-receipts"

  public static func main() {
    Supervisor.main(
      name, summary: "takes what gateways call back, and publishes it to outreach.receipts",
      settings: ReceivingOptions.group
    ) { supervisor, settings in
      let options = ReceivingOptions(settings.settings)
      let shelf = GatewayShelf()
      let kafka = try settings.kafka()
      let metrics = ReceivingMetrics(supervisor.metrics)
      let calls = try WaitingCalls()
      let reception = Reception(options, shelf, calls, supervisor.log, metrics)
      let listener = try Listener(
        host: options.address, port: options.port, routes: [], others: reception.take,
        limits: Listener.Limits(
          bodyBytes: options.bodyBytes, headBytes: ReceivingOptions.headBytes, connections: options.calls),
        log: supervisor.log)
      supervisor.log.info("can be called back", ["receipts_port": .integer(listener.port)])
      supervisor.add("descriptions") {
        DescriptionLane(shelf, settings, $0, supervisor.stopping, supervisor.log)
      }
      supervisor.add("publishing") {
        PublishingLane(
          options, kafka: kafka, listener, calls, $0, supervisor.stopping, supervisor.log, metrics)
      }
    }
  }
}
