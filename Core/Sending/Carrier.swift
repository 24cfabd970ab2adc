internal import Gateways
internal import HTTP
internal import Outreach
internal import Settings
internal import Values

/// Puts messages to their gateways, each in its gateway's way; all that a lane has under way goes on together on its thread.
///
/// A message that was begun ends once, in `takeEnded`.
final class Carrier {
  private let transfers: Transfers
  private let texts: TextCalls
  private let mails: MailCalls
  private let faxes: FaxCalls
  /// What the end of a call comes to, by message.
  private var endings: [Int64: (CallEnd) -> EndedCall.Ending] = [:]
  private var mailEndings: [Int64: (MailEnd) -> EndedCall.Ending] = [:]

  init(_ settings: Settings) {
    transfers = Transfers(certificates: settings[.gatewayCertificates])
    texts = TextCalls(settings)
    mails = MailCalls(settings)
    faxes = FaxCalls(texts, mails)
  }

  /// Begins the call; or why it cannot be written, which is the message's end.
  /// - Parameter notAfter: by the clock since boot; later than that nothing of it leaves.
  func begin(_ message: DueMessage, _ gateway: GatewayDescription, notAfter: Duration) -> Refused? {
    do throws(Refused) {
      if let pages = gateway.fax {
        try faxes.begin(message, pages, gateway, notAfter: notAfter)
        return nil
      }
      switch gateway.way {
      case .http(let http): begin(try texts.call(message, http, gateway), message, gateway, notAfter)
      case .mail(let mail): begin(try mails.call(message, mail, gateway), message, gateway, notAfter)
      case .hylafax: throw Refused(kind: .gateway, code: "unfit", detail: "HylaFAX carries faxes alone")
      }
      return nil
    } catch {
      return error
    }
  }

  private func begin(
    _ call: TextCalls.Call, _ message: DueMessage, _ gateway: GatewayDescription, _ notAfter: Duration
  ) {
    endings[message.id] = call.ending
    transfers.begin(call.request, as: message.id, within: gateway.limits, notAfter: notAfter)
  }

  private func begin(
    _ call: MailCalls.Call, _ message: DueMessage, _ gateway: GatewayDescription, _ notAfter: Duration
  ) {
    mailEndings[message.id] = call.ending
    transfers.begin(call.mail, as: message.id, within: gateway.limits, notAfter: notAfter)
  }

  /// The lane ends: what has not been put to its gateway yet is not put to it any more.
  func leave() { faxes.leave() }

  /// All that can be done now.
  func perform() {
    for fax in faxes.proceed() {
      switch fax.delivery {
      case .http(let call): begin(call, fax.message, fax.gateway, fax.notAfter)
      case .mail(let call): begin(call, fax.message, fax.gateway, fax.notAfter)
      }
    }
    transfers.perform()
  }

  /// Until there is something to perform, and never longer.
  func wait(atMost bound: Duration) {
    // The end of a program wakes nobody; it takes tens of milliseconds, and its fax seconds.
    transfers.wait(atMost: faxes.isIdle ? bound : min(bound, .milliseconds(5)))
  }

  /// Calls that have ended since it was asked last.
  func takeEnded() -> [(message: Int64, ending: EndedCall.Ending)] {
    transfers.takeEnded().compactMap { number, end in
      endings.removeValue(forKey: number).map { (number, $0(end)) }
    }
      + transfers.takeEndedMails().compactMap { number, end in
        mailEndings.removeValue(forKey: number).map { (number, $0(end)) }
      } + faxes.takeEnded()
  }
}

extension Refused: Error {}
