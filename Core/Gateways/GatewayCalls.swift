public import HTTP
public import Values

extension HTTPGateway {
  /// What the gateway is asked for this order. The same order at the same moment is the same request.
  ///
  /// Refused: a message of too many parts, a value that the description needs and the message lacks (`missing`), one that
  /// cannot stand where it is wanted (`not-for-a-header`, `not-for-a-path`, `unmapped`), a secret that is not set
  /// (`no-secret`). Nothing was sent then.
  public func request(
    for order: TextOrder, at now: Timestamp, secrets find: (String) -> String?
  ) throws(Refusal) -> HTTPRequest {
    guard order.parts <= mostParts else {
      throw Refusal("too-long", at: "mostParts", "the gateway takes messages of \(mostParts) parts at most")
    }
    var values = Evaluation(secrets: secrets, find)
    try prepare(order, at: now, &values)
    return try finish(&values).request
  }

  /// What an answer to that request proves.
  /// - Parameters: as for the request, to tell what must not be shown from what the gateway says.
  public func verdict(
    of answer: HTTPAnswer, to order: TextOrder, at now: Timestamp, secrets find: (String) -> String?
  ) -> Verdict {
    let values = Evaluation(secrets: secrets, find)
    let known = values.secrets.values.map { Array($0.utf8) }
    return self.answer.verdict(
      of: answer, reference: order.reference, at: now,
      secrets: {
        // An id may well hold what is as short as that.
        Concealment(secrets: (known + made(order, at: now, values) { _ in }).filter { $0.count >= 4 })
      },
      concealment: {
        let made = made(order, at: now, values) { values throws(Refusal) in _ = try finish(&values) }
        let personal = [order.to, order.text] + order.variables.map(\.value)
        return Concealment(secrets: known + made, personal: personal.map { Array($0.utf8) })
      })
  }

  /// What steps make of secrets for this order. A request that cannot be built has none that could be said back.
  private func made(
    _ order: TextOrder, at now: Timestamp, _ values: Evaluation,
    _ more: (inout Evaluation) throws(Refusal) -> Void
  ) -> [[UInt8]] {
    var values = values
    do throws(Refusal) {
      try prepare(order, at: now, &values)
      try more(&values)
    } catch {}
    return values.steps.compactMap { $0 }.filter { $0.count >= 8 }
  }

  private func prepare(
    _ order: TextOrder, at now: Timestamp, _ values: inout Evaluation
  ) throws(Refusal) {
    values.order = Evaluation.Order(
      order: order, now: now, from: from, validity: validity, mostValidity: mostValidity,
      callBacks: addresses)
    try values.run(steps)
  }

  private func finish(_ values: inout Evaluation) throws(Refusal) -> BuiltRequest {
    var built = try BuiltRequest(request, values)
    guard let signature else { return built }
    values.request = built
    try values.run(signature.steps)
    try built.add(signature, values)
    return built
  }
}
