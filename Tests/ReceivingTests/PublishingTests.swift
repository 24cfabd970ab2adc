import Glibc
import Observe
import Synchronization
import TestKit
import Testing

@testable import Receiving

private func receipts(_ ids: String..., status: String = "DELIVRD") -> String {
  #"{"receipts": ["# + ids.map { #"{"id": "\#($0)", "status": "\#(status)"}"# }.joined(separator: ",") + "]}"
}

private let address = "/small/receipts/s3cret"

/// Serialized: each waits for brokers that do not answer.
@Suite("What gateways tell, on its way to the broker", .serialized)
struct PublishingTests {
  @Test("a call is answered as its description says, and the broker has all that it brought by then")
  func published() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts", partitions: 4)
      let office = try Office(cluster)
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      #expect(caller.call("POST", address, receipts("a", "b", "c")) == (202, #"{"ok":true}"#))
      #expect(caller.call("GET", "/small/answers?token=s3cret&from=86138&text=%E9%80%80%E8%AE%A2") == (200, ""))
      let told = try told(cluster, 4)
      #expect(Set(told.map(\.key)) == ["a", "b", "c", "86138"])
      #expect(told.contains { $0.type == "message.received" && $0.value.contains("退订") })
      #expect(office.count("published") == 2)
      #expect(office.status.sentences(quietAfter: .seconds(60)).isEmpty)
    }
  }

  @Test("as long as the broker is silent nobody is told that all is well; in the end it is a 503")
  func silent() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let office = try Office(cluster, within: .milliseconds(1500))
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      #expect(caller.call("POST", address, receipts("a")).status == 202)
      try cluster.setDown()
      let began = ContinuousClock.now
      caller.ask("POST", address, receipts("b"))
      let other = try Caller(office.listener.port)
      // Others are refused without waiting behind it.
      #expect(other.call("POST", "/small/receipts/wrong", receipts("b")).status == 401)
      #expect(!caller.isAnswered)
      #expect(caller.answer().status == 503)
      #expect(ContinuousClock.now - began >= .milliseconds(1500))
      #expect(office.status.sentences(quietAfter: .seconds(60)).contains { $0.contains("Kafka") })
      try cluster.setUp()
      // As gateways do, until it is taken.
      #expect(caller.until(202, "POST", address, receipts("b")))
      #expect(Set(try told(cluster, 2).map(\.key)) == ["a", "b"])
      #expect(office.status.sentences(quietAfter: .seconds(60)).isEmpty)
    }
  }

  @Test(
    "what the broker refuses is a 503 to the gateway whose it is, and is there when that has called again",
    // MSG_SIZE_TOO_LARGE, TOPIC_AUTHORIZATION_FAILED
    arguments: [10, 29])
  func refused(code: Int32) async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let office = try Office(cluster)
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      cluster.fail(.produce, with: [code])
      #expect(caller.call("POST", address, receipts("a")).status == 503)
      #expect(office.count("unpublished") == 1)
      #expect(caller.until(202, "POST", address, receipts("a")))
      #expect(try told(cluster, 1).map(\.key) == ["a"])
    }
  }

  @Test("who does not know the secret, the way or the language is refused, and nothing of it is logged or published")
  func strangers() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let logged: Mutex<String> = Mutex("")
      let office = try Office(cluster, Log(worker: "test", format: .json) { line in logged.withLock { $0 += line } }) {
        $0.bodyBytes = 200_000
        $0.base = "https://firm.example/hooks"
      }
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      let many = receipts("a").replacing(
        "]", with: String(repeating: #",{"id":"a","status":"DELIVRD"}"#, count: 1000) + "]")
      let cases: [(String, String, String, Int)] = [
        ("POST", "/small/receipts/wr0ng", receipts("13800138000"), 401),
        ("POST", "/small/receipts", receipts("13800138000"), 401),
        ("GET", "/small/answers?from=13800138000&text=x", "", 401),
        ("GET", address, "", 405), ("DELETE", address, "", 405),
        ("POST", "/small/nothing/s3cret", "", 404), ("POST", "/other/receipts/s3cret", "", 404), ("GET", "/", "", 404),
        ("POST", address, "{13800138000", 400), ("POST", address, "", 400),
        ("POST", address, many, 413), ("POST", address, #"{"receipts": [{"id": "13800138000", "status": "?"}]}"#, 202),
        ("POST", "/hooks\(address)", receipts("a"), 202),
      ]
      for (method, target, body, status) in cases {
        #expect(caller.call(method, target, body).status == status, "\(method) \(target)")
      }
      #expect(try told(cluster, 1).count == 1)
      let log = logged.withLock { $0 }
      #expect(!log.isEmpty && !log.contains("s3cret") && !log.contains("wr0ng") && !log.contains("13800138000"))
      for (outcome, count) in [
        ("not-authentic", 3), ("wrong-method", 2), ("not-found", 1), ("unreadable", 2), ("too-many", 1), ("empty", 1),
        ("published", 1),
      ] {
        #expect(office.count(outcome) >= count, "\(outcome)")
      }
      let large = try Caller(office.listener.port)
      #expect(large.call("POST", address, String(repeating: " ", count: 200_001)).status == 413)
    }
  }

  @Test("who waits when the end is asked for is still answered, and everything is published")
  func ends() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let office = try Office(cluster)
      let callers = try (0..<50).map { _ in try Caller(office.listener.port) }
      #expect(callers[0].call("POST", address, receipts("warm")).status == 202)
      try cluster.setRoundTrip(milliseconds: 300)
      for (number, caller) in callers.enumerated() { caller.ask("POST", address, receipts("\(number)")) }
      // All have been taken once the last is read.
      while office.metrics.exposition().isEmpty {}
      office.stop()
      let answers = callers.map { $0.answer().status }
      let taken = answers.count { $0 == 202 }
      // One that was not read when the end came is cut off, or told to come again.
      #expect(answers.allSatisfy { $0 == 202 || $0 == 503 || $0 == 0 })
      try cluster.setRoundTrip(milliseconds: 0)
      #expect(try told(cluster, taken + 1).count >= taken + 1)
    }
  }

  @Test("hundreds of gateways at once wait for one another no longer than the broker takes")
  func many() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts", partitions: 4)
      let office = try Office(cluster)
      defer { office.stop() }
      let callers = try (0..<200).map { _ in try Caller(office.listener.port) }
      for round in 0..<5 {
        for (number, caller) in callers.enumerated() { caller.ask("POST", address, receipts("\(round)-\(number)")) }
        for caller in callers { #expect(caller.answer().status == 202) }
      }
      #expect(Set(try told(cluster, 1000).map(\.key)).count == 1000)
    }
  }
}
