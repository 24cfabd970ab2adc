internal import Gateways
internal import HTTP
internal import JSON
internal import Outreach
internal import Runtime
internal import Settings
internal import ShortMessages
internal import Values

/// Short messages by HTTP, and faxes.
struct TextCalls {
  private let secrets: [String: String]
  private let callBack: String?

  init(_ settings: Settings) {
    secrets = GatewaySecrets.read(settings[.gatewaySecrets])
    callBack = settings[.callBackURL]
  }

  struct Call {
    let request: HTTPRequest
    let ending: (CallEnd) -> EndedCall.Ending
  }

  /// - Parameter pages: of a fax.
  func call(
    _ message: DueMessage, pages: [UInt8]? = nil, _ http: HTTPGateway, _ gateway: GatewayDescription
  ) throws(Refused) -> Call {
    let text = pages == nil ? ShortMessage(message.body, signature: message.signature) : nil
    guard let phone = message.phone, text != nil || pages != nil else {
      throw Refused(kind: .message, code: "not-a-text", detail: "it cannot be sent as a short message")
    }
    let now = Timestamp(milliseconds: WallClock.milliseconds)
    let order = TextOrder(
      reference: MessageReference(message: message.id, attempt: message.attempt + 1).description, to: "+\(phone)",
      from: message.sender, text: message.body, signature: message.signature,
      providerTemplate: message.providerTemplate, variables: message.variables.map(TextCalls.variables) ?? [],
      encoding: text?.encoding ?? .ucs2, parts: text?.parts.count ?? 1, document: pages,
      validity: message.deadline.map { .seconds(max(60, Int64($0.seconds(since: now)))) }, callBack: callBack)
    do throws(Refusal) {
      let request = try http.request(for: order, at: now) { secrets[$0] }
      let price = gateway.price
      return Call(request: request) { end in ending(end, order, now, http, price) }
    } catch {
      // A secret that is not set is nobody's fault but ours: the message waits for it.
      let kind: Refused.Kind = error.reason == "no-secret" ? .gateway : .message
      throw Refused(kind: kind, code: error.reason, detail: error.description)
    }
  }

  private func ending(
    _ end: CallEnd, _ order: TextOrder, _ at: Timestamp, _ http: HTTPGateway, _ price: Money?
  ) -> EndedCall.Ending {
    switch end {
    case .notSent(let error):
      switch error.code {
      case .late, .cancelled: return .given(back: Reason("moment-passed"))
      case .malformed: return .refused(Refused(kind: .message, code: "malformed", detail: error.detail))
      default: return .notSent(code: error.code.rawValue, error.detail)
      }
    case .unknown(let error): return .unknown(error.description)
    case .answered(let answer):
      switch http.verdict(of: answer, to: order, at: at, secrets: { secrets[$0] }) {
      case .refused(let refused): return .refused(refused)
      case .uncertain(let sentence): return .unknown(sentence)
      case .accepted(let ids):
        return .accepted(ids: ids.isEmpty ? [order.reference] : ids, cost: price?.times(order.parts))
      }
    }
  }

  /// As the text tells them.
  static func variables(_ json: String) -> [(name: String, value: String)] {
    do throws(Refusal) {
      guard case .object(let members) = try JSONValue(reading: Array(json.utf8)) else { return [] }
      return members.compactMap { member in member.value.scalar.map { (member.name, $0) } }
    } catch {
      return []
    }
  }
}
