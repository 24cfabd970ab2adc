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
  /// What the end of a call comes to, by message.
  private var endings: [Int64: (CallEnd) -> EndedCall.Ending] = [:]
  private var mailEndings: [Int64: (MailEnd) -> EndedCall.Ending] = [:]

  init(_ settings: Settings) {
    transfers = Transfers(certificates: settings[.gatewayCertificates])
    texts = TextCalls(settings)
    mails = MailCalls(settings)
  }

  /// Begins the call; or why it cannot be written, which is the message's end.
  /// - Parameter notAfter: by the clock since boot; later than that nothing of it leaves.
  func begin(_ message: DueMessage, _ gateway: GatewayDescription, notAfter: Duration) -> Refused? {
    do throws(Refused) {
      switch gateway.way {
      case .http(let http):
        let call = try texts.call(message, http, gateway)
        endings[message.id] = call.ending
        transfers.begin(call.request, as: message.id, within: gateway.limits, notAfter: notAfter)
      case .mail(let mail):
        let call = try mails.call(message, mail, gateway)
        mailEndings[message.id] = call.ending
        transfers.begin(call.mail, as: message.id, within: gateway.limits, notAfter: notAfter)
      }
      return nil
    } catch {
      return error
    }
  }

  func perform() { transfers.perform() }

  /// Until there is something to perform, and never longer.
  func wait(atMost bound: Duration) { transfers.wait(atMost: bound) }

  /// Calls that have ended since it was asked last.
  func takeEnded() -> [(message: Int64, ending: EndedCall.Ending)] {
    transfers.takeEnded().compactMap { number, end in
      endings.removeValue(forKey: number).map { (number, $0(end)) }
    }
      + transfers.takeEndedMails().compactMap { number, end in
        mailEndings.removeValue(forKey: number).map { (number, $0(end)) }
      }
  }
}

extension Refused: Error {}
