internal import JSON
internal import Values

/// A gateway that is called by HTTP: how it is asked, how it answers, how it calls back. A class, because it is large, never changes
/// and goes with each call.
public final class HTTPGateway: Sendable {
  /// Sender, where a message names none.
  public let from: String?
  /// How long the gateway may try, where a message does not say.
  public let validity: Duration?
  /// The longest that the gateway takes; a longer one is cut to it.
  public let mostValidity: Duration?
  /// Parts of the longest message that it takes.
  public let mostParts: Int
  /// By name, as the last part of the path that the gateway calls.
  public let callBacks: [String: CallBackDescription]

  let secrets: Set<String>
  let steps: [Step]
  let request: RequestDescription
  let signature: SignatureDescription?
  let answer: AnswerDescription
  /// Of the call-backs, by their names.
  let addresses: [String: CallBackAddress]

  init(
    _ object: JSONObject, named name: String, _ constants: [String: String], beside common: [StaticString]
  ) throws(Refusal) {
    try object.refuseOthers(
      common + [
        "from", "validity", "mostValidity", "mostParts", "steps", "request", "signature", "answer", "callBacks",
      ])
    from = try object.optionalText("from", 1...40)
    validity = try object.optionalDuration("validity", atMost: .seconds(30 * 86_400))
    mostValidity = try object.optionalDuration("mostValidity", atMost: .seconds(30 * 86_400))
    mostParts = Int(try object.optionalInteger("mostParts", 1...255) ?? 255)

    let callBackRows = try object.optionalObject("callBacks")
    var scope = TemplateScope(constants: constants, callBacks: callBackRows?.names ?? [])
    steps = try Step.read(object, in: &scope, of: [.order])
    let request = try RequestDescription(try object.object("request"), in: &scope)
    self.request = request
    signature = try object.optionalObject("signature").map { row throws(Refusal) in
      try SignatureDescription(row, of: request, in: &scope)
    }
    answer = try AnswerDescription(try object.object("answer"))
    let callBacks = try CallBackDescription.read(callBackRows, of: name, in: &scope)
    self.callBacks = callBacks
    addresses = callBacks.mapValues(\.address)
    secrets = scope.secrets
  }
}
