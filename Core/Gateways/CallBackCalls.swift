internal import JSON
internal import Values

extension GatewayDescription {
  /// What a gateway tells by calling back.
  ///
  /// - Parameters:
  ///   - base: how `receive-receipts` is reached from outside, without a slash at its end: some gateways sign the address.
  public func read(
    _ call: CallBack, reachedAt base: String, secrets find: (String) -> String?
  ) throws(CallBackRefusal) -> CallBackReading {
    let parts = call.path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0].isEmpty, parts[1] == name, let found = callBacks[String(parts[2])] else {
      throw CallBackRefusal(404, Refusal("unknown-address", "no gateway calls back here"))
    }
    guard found.methods.contains(call.method) else {
      throw CallBackRefusal(
        405, Refusal("wrong-method", "the gateway calls back with \(found.methods.joined(separator: ", "))"))
    }
    var values = Evaluation(secrets: found.authentication.secrets, find)
    values.call = Evaluation.Call(call: call, base: base)
    let isAdmitted: Bool
    do throws(Refusal) { isAdmitted = try found.authentication.admits(call, found.address, &values) } catch {
      throw CallBackRefusal(401, error)
    }
    guard isAdmitted else {
      throw CallBackRefusal(401, Refusal("not-authentic", "the caller does not know the secret"))
    }
    do throws(Refusal) { return try found.reading(of: call) } catch { throw CallBackRefusal(400, error) }
  }
}

extension CallBackRefusal {
  fileprivate init(_ status: Int, _ refusal: Refusal) {
    self.status = status
    self.refusal = refusal
  }
}

extension CallBackDescription {
  func reading(of call: CallBack) throws(Refusal) -> CallBackReading {
    let root = needsJSON ? try JSONValue(reading: call.body) : JSONValue.null
    var items = [root]
    if let each {
      items = each.values(in: root)
      // An array may stand there as one, too.
      if items.count == 1, case .array(let elements) = items[0] { items = elements }
    }
    let query = FormPairs(call.query.utf8)
    let form = FormPairs(call.body)
    var reading = CallBackReading(answer: answer)
    for (index, item) in items.enumerated() {
      let entry = CallBackEntry(call: call, query: query, form: form, item: item)
      let place = each == nil ? "" : "[\(index)]"
      do throws(Refusal) {
        switch kind {
        case .receipts: reading.receipts.append(try receipt(entry, place))
        case .messages: reading.messages.append(try message(entry, place))
        }
      } catch {
        reading.passedOver.append(error)
      }
    }
    return reading
  }

  private func receipt(_ entry: CallBackEntry, _ place: String) throws(Refusal) -> Receipt {
    let id = entry.id(id)
    let reference = entry.id(reference)
    guard id != nil || reference != nil else {
      throw Refusal("missing", at: place, "it names no message: neither id nor reference is there")
    }
    guard let word = entry.text(status) else { throw Refusal("missing", at: place, "it has no status") }
    guard let status = statuses[word] else {
      throw Refusal("unknown-status", at: place, "the description says nothing of its status")
    }
    let part = entry.text(part).flatMap { Int($0) }.flatMap { (1...255).contains($0) ? $0 : nil }
    return Receipt(id: id, reference: reference, status: status, code: entry.id(code), part: part)
  }

  private func message(_ entry: CallBackEntry, _ place: String) throws(Refusal) -> InboundMessage {
    guard var from = entry.id(from) else { throw Refusal("missing", at: place, "it does not say who has sent it") }
    if let code = entry.id(countryCode), !from.hasPrefix("+") { from = "+\(code.drop { $0 == "+" })\(from)" }
    guard let bytes = entry.bytes(text) else { throw Refusal("missing", at: place, "it has no text") }
    let text = Charset(entry.text(charset) ?? "utf-8").text(bytes)
    return InboundMessage(id: entry.id(id), from: from, to: entry.id(to), text: text)
  }
}

/// One receipt or message among those that a call-back brings.
private struct CallBackEntry {
  let call: CallBack
  let query: FormPairs
  let form: FormPairs
  let item: JSONValue

  func bytes(_ source: CallBackSource?) -> [UInt8]? {
    switch source {
    case .query(let name): query.value(name)
    case .form(let name): form.value(name)
    case .header(let name): call.header(name).map { Array($0.utf8) }
    case .json(let path): path.values(in: item).first?.scalar.map { Array($0.utf8) }
    case .body: call.body
    case nil: nil
    }
  }

  func text(_ source: CallBackSource?) -> String? {
    bytes(source).map { String(decoding: $0, as: UTF8.self) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What is kept as it is: opaque, of bounded length.
  func id(_ source: CallBackSource?) -> String? { text(source).flatMap { $0.isFitForId ? $0 : nil } }
}
