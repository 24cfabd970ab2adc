internal import Relay

/// `relay-events`: publishes what workers wrote to the outbox. All of it is in Core/Relay.
@main struct RelayEvents {
  static func main() { Relay.main() }
}
