public import Contract
internal import JSON
internal import Observe
public import Outreach
internal import Runtime
internal import Settings
internal import Values

/// A worker that takes requests of one channel into the ledger, and sends from it.
///
///     @main struct SendSMS: SendingWorker {
///       static let name = "send-sms"
///       static let channel = Channel.sms
///       …
///     }
public protocol SendingWorker: Worker {
  static var channel: Channel { get }
}

extension SendingWorker {
  public static var sweeps: [any Sweep.Type] { [SettleLostSends<Self>.self] }

  /// What the executable does.
  public static func main() {
    run(.sending) { supervisor, settings in
      let metrics = SendMetrics(supervisor.metrics, worker: name)
      let carrier = TextCarrier(settings.settings)
      let lanes = settings.settings[.sendLanes]
      for number in 1...lanes {
        supervisor.add("send lane \(number)") {
          SendLane(
            Share(lane: number, lanes: lanes), channel, carrier, settings, $0, supervisor.stopping, supervisor.log,
            metrics)
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
