/// The room to which it comes back what became of messages: gateways' receipts and people's answers, over HTTP, and what people do with
/// the links in messages; all of it to the topic `outreach.receipts`.
///
/// Invariants of this room:
/// - A bounce stays in its folder until the broker has what it says.
/// - A gateway, and who wants no more, hears that all is well only after the broker has all that the call brought. Whatever keeps that
///   from being so is a 503, after which gateways call again; told twice, a receipt says the same.
/// - Who follows a link goes on within half a second, whatever Kafka does, and nowhere that we have not written ourselves.
/// - Nothing is kept here. Descriptions of gateways are read from the database now and then, and stay through its outages.
/// - Everything is bounded: head, body, receipts in a call, calls at a time, how long a call may wait.
/// - Nothing of a call is logged but its gateway: addresses hold secrets, queries hold people's numbers.
internal import Observe
internal import Outreach
internal import Runtime
internal import Settings

/// What comes back is known by its mark.
private struct MissingSecret: Error, CustomStringConvertible {
  let description =
    "BOUNCES is set, but LINK_URL or LINK_SECRET is not: without them nobody can tell whose bounces these are."
}

/// The executable `receive-receipts`.
public enum Receiving {
  static let name = "receive-receipts"

  public static func main() {
    Supervisor.main(
      name,
      summary: "takes what gateways call back and what people do with links, and publishes it to outreach.receipts",
      settings: ReceivingOptions.group, .links
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
      if let folder = options.bounces {
        guard let marks = options.marks else { throw MissingSecret() }
        let lane = try BounceLane.Fates()
        supervisor.add("bounces") {
          BounceLane(folder, marks, shelf, calls, lane, $0, supervisor.stopping, supervisor.log, metrics)
        }
      }
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
