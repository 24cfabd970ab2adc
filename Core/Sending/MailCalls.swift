internal import Gateways
internal import HTTP
internal import Mail
internal import Outreach
internal import Runtime
internal import Settings
internal import Values

/// E-mails by SMTP.
struct MailCalls {
  private let secrets: [String: String]
  /// nil where messages of no channel that needs them are sent.
  private let links: Links?

  init(_ settings: Settings) {
    secrets = GatewaySecrets.read(settings[.gatewaySecrets])
    links = Links(settings)
  }

  struct Call {
    let mail: MailRequest
    let ending: (MailEnd) -> EndedCall.Ending
  }

  func call(_ message: DueMessage, _ mail: MailGateway, _ gateway: GatewayDescription) throws(Refused) -> Call {
    guard let links, let to = message.email else {
      throw Refused(kind: .message, code: "not-a-mail", detail: "it cannot be sent as an e-mail")
    }
    let reference = MessageReference(message: message.id, attempt: message.attempt + 1).description
    let server: MailRequest.Server
    do throws(Refusal) { server = try mail.server { secrets[$0] } } catch {
      // A secret that is not set is nobody's fault but ours: the message waits for it.
      throw Refused(kind: .gateway, code: error.reason, detail: error.description)
    }
    do throws(Refusal) {
      let from = try message.sender.map { sender throws(Refusal) in try Mailbox(parsing: sender) } ?? mail.from
      let mark = links.marks.bounce(reference)
      let draft = MailDraft(
        from: from, to: try Mailbox(parsing: to), replyTo: mail.replyTo, subject: message.subject ?? "",
        text: message.body, html: message.html,
        date: Timestamp(milliseconds: WallClock.milliseconds), id: "\(mark)@\(from.domain)",
        listUnsubscribe: message.purpose == .marketing ? links.url(.unsubscribe, message: message.id) : nil)
      let request = MailRequest(
        server: server, from: mail.envelopeSender(mark, from: from), to: to, message: try draft.bytes())
      return Call(mail: request) { ending($0, reference, message, mail, gateway.price) }
    } catch {
      throw Refused(kind: .message, code: error.reason, detail: error.description)
    }
  }

  private func ending(
    _ end: MailEnd, _ reference: String, _ message: DueMessage, _ mail: MailGateway, _ price: Money?
  ) -> EndedCall.Ending {
    let (to, hasOwnSender) = (message.email ?? "", message.sender != nil)
    switch end {
    case .accepted: return .accepted(ids: [reference], cost: price)
    case .unknown(let error): return .unknown(error.description)
    case .notSent(let error):
      switch error.code {
      case .late, .cancelled: return .given(back: Reason("moment-passed"))
      case .malformed: return .refused(Refused(kind: .message, code: "malformed", detail: error.detail))
      default: return .notSent(code: error.code.rawValue, error.detail)
      }
    case .refused(let answer, let step):
      return .refused(mail.refused(answer, at: step, to: to, hasOwnSender: hasOwnSender) { secrets[$0] })
    }
  }
}
