public import Contract
internal import Observe
public import Outreach
public import Postgres
internal import Runtime
public import Settings
public import Topics
public import Values

/// A worker that takes requests of one channel into the ledger, and sends from it.
///
///     @main struct SendSMS: SendingWorker {
///       typealias Input = SMSRequested
///       static let name = "send-sms"
///       static let channel = Channel.sms
///     }
public protocol SendingWorker: Worker
where
  Input: MessageRequested, Reading == RequestReading, State == MessageIntake, Change == NewMessage,
  Cache == IntakeMemory
{
  static var channel: Channel { get }
}

extension SendingWorker {
  public static var sweeps: [any Sweep.Type] { [SettleLostSends<Self>.self] }

  public static func reader(_ settings: Settings) -> (Input, Timestamp) -> RequestReading {
    { event, _ in RequestReading(event, channel) }
  }

  public static func load(
    _ events: [Delivery<RequestReading>], _ memory: inout IntakeMemory, _ transaction: Transaction
  ) throws(PostgresError) -> MessageIntake {
    try MessageIntake(events.compactMap { MessageIntake.Request($0) }, channel, &memory, transaction)
  }

  public static func decide(
    _ event: Delivery<RequestReading>, _ intake: inout MessageIntake, _ now: Timestamp
  ) -> Decision<NewMessage> { intake.decide(event, channel, now) }

  public static var writes: [Write<MessageIntake, NewMessage>] { Write.addingMessages }

  /// What the executable does.
  public static func main() {
    run(.sending, channel == .email ? .neededLinks : .links) { supervisor, settings in
      let metrics = SendMetrics(supervisor.metrics, worker: name)
      let lanes = settings.settings[.sendLanes]
      for number in 1...lanes {
        supervisor.add("send lane \(number)") {
          SendLane(
            Share(lane: number, lanes: lanes), channel, settings, $0, supervisor.stopping, supervisor.log, metrics)
        }
      }
    }
  }
}

extension SettingGroup {
  static let sending = SettingGroup(
    "Sending", Setting.sendLanes, Setting.gatewaySecrets, Setting.gatewayCertificates, Setting.callBackURL,
    Setting.lostAfter)
}

extension Setting<Int> {
  static var sendLanes: Setting {
    Setting(
      "SEND_LANES", .integer(1...16), default: 1,
      "lanes that call gateways, each one thread that drives all its calls at once")
  }
}

extension Setting<String?> {
  static var gatewayCertificates: Setting {
    Setting(
      "GATEWAY_CERTIFICATES", .optional(.text), default: nil,
      "file of certificates (PEM) that gateways are trusted by; the system's by default")
  }
}

extension Setting<Duration> {
  static var lostAfter: Setting {
    Setting(
      "LOST_AFTER", .duration(.seconds(15)...(.seconds(3600))), default: .seconds(120),
      "age at which a message that a sender has claimed and not reported on is uncertain; longer than any call takes")
  }
}
