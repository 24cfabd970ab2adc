import Testing

@testable import Outreach

@Suite struct ToldStateTests {
  private typealias Told = ToldState

  @Test("a message has arrived when all of it was told to have")
  func delivered() {
    let whole = Told("delivered")
    func part(_ numbers: Int32...) -> Told { Told(delivered: Set(numbers)) }
    for (told, parts, isDelivered) in [
      ([], 1, false), ([whole], nil, true), ([whole, whole], 5, true), ([whole, Told()], 2, false),
      ([Told("buffered")], 1, false),
      ([part(1, 2, 3)], 3, true), ([part(1, 3)], 3, false), ([part(1), part(2), part(3)], 3, true),
      ([part(1), part(2)], 3, false), ([part(1), part(2), Told()], 3, false), ([part(1, 2), whole], 3, true),
      // The gateway knows better than we do how many there are, as far as it says.
      ([part(2)], nil, false), ([part(1, 2)], nil, true), ([part(1, 2, 3)], 2, true),
    ] as [([Told], Int32?, Bool)] {
      #expect(Told.isDelivered(told, of: parts) == isDelivered, "\(told) of \(parts ?? 0)")
    }
  }
}
