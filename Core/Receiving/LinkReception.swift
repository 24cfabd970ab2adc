internal import Contract
internal import Gateways
internal import Mail
internal import Observe
internal import Runtime
internal import Topics
internal import Values

/// Takes visits of the links in our messages. A link says itself what it is about, under a mark that only we can make: nothing is
/// looked up, and nobody is sent anywhere that we have not written.
struct LinkReception: Sendable {
  let marks: MessageMarks
  let metrics: ReceivingMetrics

  /// How long who follows a link waits for Kafka; then they go on, whether it is counted or not.
  static let patience = Duration.milliseconds(500)

  /// - Parameter path: without what a proxy has left before it.
  /// - Returns: what is to be published; nil where it is answered already, or where it is no link of ours: then nothing was answered.
  func take(_ request: Request, path: Substring, _ answering: Answering, _ arrived: Duration) -> Taking {
    guard let link = marks.link(reading: path) else { return .nobodys }
    let isReading = request.method == .get || request.method == .head
    guard isReading || request.method == .post && link.kind == .unsubscribe else {
      metrics.count(link.kind, "wrong-method")
      let allowed = link.kind == .unsubscribe ? "GET, HEAD, POST" : "GET, HEAD"
      answering.give(.text("This link does not answer that.", status: 405, fields: ["Allow": allowed]))
      return .answered
    }
    if link.kind == .unsubscribe, isReading {
      metrics.count(link.kind, "shown")
      answering.give(UnsubscribePage.asking)
      return .answered
    }
    let agent = Visitor.agent(request)
    let (kind, answer, otherwise) = LinkReception.reading(link, request, agent)
    let event = ReceivedEvent(link.message, kind, at: Timestamp(milliseconds: WallClock.milliseconds))
    return .call(
      ReceivedCall(
        subject: .link(link.kind), events: [event], arrived: arrived, isPassing: link.kind != .unsubscribe
      ) { fate in
        answering.give(fate == .published ? answer : otherwise)
      })
  }

  enum Taking {
    case call(ReceivedCall)
    case answered
    case nobodys
  }

  /// What it says, and what is answered once it is published, and where it is not.
  private static func reading(
    _ link: MailLink, _ request: Request, _ agent: OutreachReceipts.Engagement.Agent
  ) -> (OutreachReceipts.Engagement.Kind, Response, Response) {
    switch link.kind {
    case .unsubscribe:
      // RFC 8058, 3.2: as a form or as its parts.
      let isOneClick = String(decoding: request.body, as: UTF8.self).contains("One-Click")
      return (.unsubscribed(isOneClick ? .oneClick : .page), UnsubscribePage.done, UnsubscribePage.later)
    case .open: return (.opened(agent), LinkReception.pixel, LinkReception.pixel)
    case .click:
      let url = link.url ?? ""
      let onward = Response(
        302, fields: ["Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"])
      return (.clicked(url: url, agent), onward, onward)
    }
  }

  /// One transparent point (GIF89a).
  private static let pixel = Response(
    200, type: "image/gif",
    fields: ["Cache-Control": "no-store, no-cache, must-revalidate, private, max-age=0", "Pragma": "no-cache"],
    body: [
      0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x21, 0xF9, 4, 1, 0, 0, 0,
      0,
      0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
    ])
}
