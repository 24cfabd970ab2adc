import Contract
import Foundation
import Testing
import Topics
import Values

@Suite struct ExampleTests {
  @Test("every type has a schema and examples, and no other lies beside them", arguments: ["schemas", "examples"])
  func files(folder: String) throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Page.folder.appending(path: folder).path)
    #expect(Set(files) == Set(Page.all.map { "\($0.type).json" }))
  }

  @Test("no topic and no type stands twice in the catalogue")
  func unique() {
    #expect(Set(Catalogue.topics.map(\.name)).count == Catalogue.topics.count)
    #expect(Set(Page.all.map(\.type)).count == Page.all.count)
    for event in Catalogue.events { #expect(Catalogue.event(of: event.topic.name)?.topic == event.topic) }
    #expect(Catalogue.event(of: "lead.registered.dlq") == nil)
  }

  @Test("every valid example is read, and written so that it reads the same", arguments: Page.all)
  func valid(page: Page) throws {
    let properties = try page.schema().properties
    for example in try page.examples("valid") {
      let about = try #require(example["about"] as? String)
      let data = try #require(example["data"] as? [String: Any])
      let bytes = try page.read(data).get()
      #expect(try page.read(bytes).get() == bytes, "\(about)")
      let written = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
      let expected = data.filter { !($0.value is NSNull) && properties[$0.key] != nil }
      #expect(Set(written.keys) == Set(expected.keys), "\(about)")
      for (name, value) in expected {
        #expect(isSame(written[name], value, isTime: properties[name]?.isTime == true), "\(about): \(name)")
      }
    }
  }

  @Test("every invalid example is refused with its path and reason", arguments: Page.all)
  func invalid(page: Page) throws {
    for example in try page.examples("invalid") {
      let about = try #require(example["about"] as? String)
      let refusal = try page.refusal(try #require(example["data"]))
      #expect(refusal?.path == example["path"] as? String, "\(about)")
      #expect(refusal?.reason == example["reason"] as? String, "\(about)")
    }
  }

  @Test("a type that the topic does not carry is refused where the topic has several")
  func unknownType() throws {
    let page = Page(event: LeadOwnership.self, type: "lead.reclaimed")
    let data: [String: Any] = ["leadId": 1, "version": 1, "at": "2026-01-31T01:30:00Z"]
    #expect(try page.refusal(data)?.reason == "unknown-type")
  }

  @Test("the key of a lead's ownership is its number in digits")
  func ownershipKey() {
    let lead = LeadVersion(id: 1001, version: 1, at: Timestamp(microseconds: 0))
    #expect(LeadOwnership.held(.init(lead: lead, reason: "no-rule")).key == "1001")
  }

  private func isSame(_ written: Any?, _ expected: Any, isTime: Bool) -> Bool {
    guard isTime, let written = written as? String, let expected = expected as? String else {
      return (written as? NSObject) == (expected as? NSObject)
    }
    return Timestamp(rfc3339: written.utf8) == Timestamp(rfc3339: expected.utf8)
  }
}
