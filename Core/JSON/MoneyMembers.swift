public import Values

extension JSONObject {
  /// `{"amount": "1234.50", "currency": "CNY"}`: a string, because not every reader keeps a number of JSON exact.
  public func optionalMoney(_ name: StaticString) throws(Refusal) -> Money? {
    guard let object = try optionalObject(name) else { return nil }
    return try object.money()
  }

  /// The object itself as money; it may have more members.
  public func money() throws(Refusal) -> Money {
    let amount = try text("amount", 0...40)
    let currency = try text("currency", 0...40)
    guard Money("0", currency) != nil else {
      throw Refusal(
        "not-a-currency", at: path("currency"), "three capital letters of ISO 4217 were expected, as in CNY")
    }
    guard let money = Money(amount, currency) else {
      throw Refusal(
        "not-an-amount", at: path("amount"),
        "digits were expected, at most 14 before and 4 after a point, as in 1234.50")
    }
    return money
  }
}

extension JSONWriter {
  public mutating func member(_ name: StaticString, _ money: Money?) {
    guard let money else { return }
    object(name) { $0.members(of: money) }
  }

  public mutating func members(of money: Money) {
    member("amount", money.amount)
    member("currency", money.currency)
  }
}
