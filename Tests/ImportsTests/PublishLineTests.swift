import Testing
import Topics
import Values

@testable import Imports

@Suite struct PublishLineTests {
  private func read(_ text: String, name: String = "leads.jsonl") -> [PublishLine] {
    let lines = PublishLines(of: LeadRegistered.self, name: name, source: "/test")
    var read: [PublishLine] = []
    PublishFile(name: name, bytes: Array(text.utf8)).forEachLine { number, bytes in
      var line = lines.read(bytes, number: number)
      // The bytes go with the file.
      line.value = UnsafeRawBufferPointer(start: nil, count: 0)
      read.append(line)
    }
    return read
  }

  private func value(_ text: String) -> String {
    var value = ""
    let lines = PublishLines(of: LeadRegistered.self, name: "n", source: "/test")
    PublishFile(name: "n", bytes: Array(text.utf8)).forEachLine { number, bytes in
      value = String(decoding: lines.read(bytes, number: number).value, as: UTF8.self)
    }
    return value
  }

  private let a = #"{"phone":"1","source":"web"}"#
  private let b = #"{"phone":"2","source":"web"}"#

  @Test("a bare line becomes an event of the topic's type, keyed as the topic says")
  func bare() throws {
    let line = try #require(read(a).first)
    #expect(line.refusal == nil)
    #expect(line.key == "1")
    #expect(line.type == "lead.registered")
    #expect(line.source == "/test")
    #expect(line.id.hasPrefix("leads.jsonl/"))
    #expect(line.time == nil)
    #expect(value(" \(a) \r\n") == " \(a) ")
  }

  @Test("the same file has the same ids, whatever was added or moved; equal lines differ")
  func ids() {
    let ids = read("\(a)\n\(b)\n").map(\.id)
    #expect(Set(ids).count == 2)
    #expect(read("\(a)\n\(b)\n").map(\.id) == ids)
    #expect(read("\(b)\n\n{}\n\(a)").map(\.id).filter { ids.contains($0) } == [ids[1], ids[0]])
    #expect(read("\(a)\n\(a)\n\(a)").map(\.id) == [ids[0], ids[0] + "/2", ids[0] + "/3"])
    #expect(read(a, name: "other.jsonl").map(\.id) != [ids[0]])
  }

  @Test("a CloudEvent in JSON gives its own attributes, and its data becomes the value")
  func cloudEvent() throws {
    let text = """
      {"specversion":"1.0","type":"lead.registered","source":"/crm","id":"7","time":"2026-01-31T09:30:00+08:00",\
      "traceparent":"00-x","data": \(a) }
      """
    let line = try #require(read(text).first)
    #expect(line.refusal == nil)
    #expect(!line.isStructured)
    #expect(line.source == "/crm")
    #expect(line.id == "7")
    #expect(line.time == "2026-01-31T01:30:00.000000Z")
    #expect(line.trace == "00-x")
    #expect(line.key == "1")
    #expect(value(text) == a)
  }

  @Test("type and source of a CloudEvent may be left out")
  func defaults() throws {
    let line = try #require(read(#"{"specversion":"1.0","id":"7","data":\#(a)}"#).first)
    #expect(line.refusal == nil)
    #expect(line.source == "/test")
    #expect(line.type == "lead.registered")
  }

  @Test(
    "what is wrong is told by field and reason, and has no key",
    arguments: [
      ("x", "", "not-json"), ("[]", "", "wrong-type"), ("{}", "phone", "missing"),
      (#"{"phone":1,"source":"web"}"#, "phone", "wrong-type"),
      (#"{"phone":"1","source":"web","country":"cn"}"#, "country", "not-a-country"),
      (#"{"specversion":"0.3","id":"7","data":{}}"#, "specversion", "spec-version"),
      (#"{"specversion":1,"id":"7","data":{}}"#, "specversion", "wrong-type"),
      (#"{"specversion":"1.0","data":{}}"#, "id", "missing"), (#"{"specversion":"1.0","id":"7"}"#, "data", "missing"),
      (#"{"specversion":"1.0","id":"7","type":"lead.lost","data":{}}"#, "type", "unknown-type"),
      (#"{"specversion":"1.0","id":"7","time":"today","data":{}}"#, "time", "not-a-time"),
      (#"{"specversion":"1.0","id":"7","data":{"phone":"1"}}"#, "data.source", "missing"),
      (#"{"phone":"1","source":"web","x":""# + String(repeating: "x", count: 900_000) + #""}"#, "", "too-large"),
    ])
  func refused(text: String, path: String, reason: String) throws {
    let line = try #require(read(text).first)
    #expect(line.refusal?.path == path)
    #expect(line.refusal?.reason == reason)
    #expect(line.key == nil)
    // It can be sent all the same: as it stands there, in the mode that it is written in.
    #expect(line.isStructured == text.contains("specversion"))
    #expect(value(text) == text)
    #expect(line.isStructured || !line.id.isEmpty)
  }

  @Test("the same source and id with other data is refused, with the same data it is a repeat")
  func identity() {
    func event(_ data: String, source: String = "/crm") -> String {
      #"{"specversion":"1.0","id":"7","source":"\#(source)","data":\#(data)}"#
    }
    let lines = read([event(a), event(a), event(b), event(b, source: "/web")].joined(separator: "\n"))
    #expect(lines.map(\.refusal?.reason) == [nil, nil, "identity-reused", nil])
    #expect(lines[2].refusal?.detail.contains("line 1") == true)
    #expect(lines[2].isStructured && value("\(event(a))\n\(event(b))") == event(b))
  }

  @Test("a topic with several types needs CloudEvents")
  func severalTypes() {
    let lines = PublishLines(of: LeadOwnership.self, name: "n", source: "/test")
    Array("{}".utf8).withUnsafeBytes { #expect(lines.read($0, number: 1).refusal?.reason == "no-type") }
  }

  @Test("lines are numbered as an editor does, blank ones left out")
  func numbers() {
    var lines: [String] = []
    let bytes = Array("a\r\n\n \t\r\nb\n\nc".utf8)
    PublishFile(name: "n", bytes: bytes).forEachLine { lines.append("\($0)\(String(decoding: $1, as: UTF8.self))") }
    #expect(lines == ["1a", "4b", "6c"])
    PublishFile(name: "n", bytes: []).forEachLine { _, _ in Issue.record("an empty file has no line") }
  }
}
