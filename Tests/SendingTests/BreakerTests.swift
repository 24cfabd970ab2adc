import Testing

@testable import Sending

@Suite struct BreakerTests {
  @Test("five failures in a row open it, one answer between them does not")
  func opens() {
    var breaker = Breaker(20)
    for _ in 1...4 { breaker.failed(.zero, chance: 0) }
    breaker.answered()
    for _ in 1...4 { breaker.failed(.zero, chance: 0) }
    #expect(!breaker.isOpen(.zero))
    breaker.failed(.zero, chance: 0)
    #expect(breaker.isOpen(.milliseconds(499)) && !breaker.isOpen(.milliseconds(500)))
  }

  @Test("what was begun before it opened and fails after it is no news")
  func stragglers() {
    var breaker = Breaker(20)
    for _ in 1...40 { breaker.failed(.zero, chance: 1) }
    #expect(!breaker.isOpen(.seconds(1)))
  }

  @Test("after its time one call probes; a failure closes the door for longer, an answer opens it step by step")
  func probes() {
    var breaker = Breaker(20)
    for _ in 1...5 { breaker.failed(.zero, chance: 1) }
    #expect(breaker.allowance == 1)
    breaker.failed(.seconds(2), chance: 1)
    #expect(breaker.isOpen(.milliseconds(3999)) && !breaker.isOpen(.seconds(4)))
    var allowances: [Int] = []
    for _ in 1...6 {
      breaker.answered()
      allowances.append(breaker.allowance)
    }
    #expect(allowances == [2, 4, 8, 16, 20, 20])
    // One failure is not five.
    breaker.failed(.seconds(9), chance: 1)
    #expect(!breaker.isOpen(.seconds(9)))
  }

  @Test("a gateway that is down for an hour is asked about once a minute")
  func rare() {
    var breaker = Breaker(20)
    var now = Duration.zero
    var probes = 0
    while now < .seconds(3600) {
      if !breaker.isOpen(now) {
        breaker.failed(now, chance: 1)
        probes += 1
      }
      now += .milliseconds(100)
    }
    #expect((50...75).contains(probes))
  }

  @Test("a busy gateway is given half, and waits as long as it asks to")
  func busy() {
    var breaker = Breaker(20)
    breaker.busy(.zero, retryAfter: nil)
    #expect(breaker.allowance == 10 && !breaker.isOpen(.zero))
    for _ in 1...9 { breaker.busy(.zero, retryAfter: .seconds(3)) }
    #expect(breaker.allowance == 1 && breaker.isOpen(.milliseconds(2999)) && !breaker.isOpen(.seconds(3)))
  }
}
