internal import Gateways
internal import HTTP
internal import Mail
internal import Outreach
internal import Runtime
internal import Settings
internal import Values

/// E-mails by SMTP, and faxes by services that take mails.
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

  /// - Parameter pages: of a fax that a service faxes which takes mails; its number stands in the address.
  func call(
    _ message: DueMessage, pages: [UInt8]? = nil, _ mail: MailGateway, _ gateway: GatewayDescription
  ) throws(Refused) -> Call {
    let faxed = pages == nil ? nil : message.phone.flatMap { mail.address(ofFax: $0) }
    guard let to = faxed ?? message.email, pages == nil || faxed != nil, pages != nil || links != nil else {
      throw Refused(kind: .message, code: "not-a-mail", detail: "it cannot be sent as an e-mail")
    }
    let reference = MessageReference(message: message.id, attempt: message.attempt + 1).description
    let server: MailRequest.Server
    do throws(Refusal) { server = try mail.server { secrets[$0] } } catch {
      // A secret that is not set is nobody's fault but ours: the message waits for it.
      throw Refused(kind: .gateway, code: error.reason, detail: error.description)
    }
    do throws(Refusal) {
      // What a fax names as its sender is no address.
      let own = pages == nil ? message.sender : nil
      let from = try own.map { sender throws(Refusal) in try Mailbox(parsing: sender) } ?? mail.from
      let mark = links?.marks.bounce(reference)
      var draft = MailDraft(
        from: from, to: try Mailbox(address: to), replyTo: mail.replyTo, subject: message.subject ?? "",
        text: message.body, html: message.html.map { html($0, of: message, mail) },
        date: Timestamp(milliseconds: WallClock.milliseconds), id: "\(mark ?? reference)@\(from.domain)")
      if let pages {
        (draft.subject, draft.text, draft.html) = (mail.faxSubject, "", nil)
        draft.attachments = [MailAttachment(name: "fax.pdf", type: "application/pdf", bytes: pages)]
      } else if message.purpose == .marketing {
        draft.listUnsubscribe = links?.url(.unsubscribe, message: message.id)
      }
      let sender = mark.map { mail.envelopeSender($0, from: from) } ?? from.address
      let request = MailRequest(server: server, from: sender, to: to, message: try draft.bytes())
      return Call(mail: request) { ending($0, reference, to, message.sender != nil, mail, gateway.price) }
    } catch {
      throw Refused(kind: .message, code: error.reason, detail: error.description)
    }
  }

  /// What somebody must know is not watched.
  private func html(_ html: String, of message: DueMessage, _ mail: MailGateway) -> String {
    guard let links, message.purpose != .transactional, mail.countsClicks || mail.countsOpens else { return html }
    return LinkedHTML.tracking(
      html, clicks: mail.countsClicks ? { links.url(.click, message: message.id, to: $0) } : nil,
      pixel: mail.countsOpens ? links.url(.open, message: message.id) : nil)
  }

  private func ending(
    _ end: MailEnd, _ reference: String, _ to: String, _ hasOwnSender: Bool, _ mail: MailGateway, _ price: Money?
  ) -> EndedCall.Ending {
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
