import Contract
import Foundation
import JSON
import Testing
import Topics
import Values

/// One type of event as the contract has it: what reads it, its schema and its examples.
struct Page: Sendable, CustomTestStringConvertible {
  let event: any Event.Type
  let type: String

  static let all: [Page] = Catalogue.events.flatMap { event in event.types.map { Page(event: event, type: $0) } }
  static let folder = URL(filePath: #filePath).appending(path: "../../../Topics").standardized

  var testDescription: String { type }

  func schema() throws -> Schema { try Schema(load("schemas")) }

  /// What the reader makes of the data, written again; or its refusal.
  func read(_ data: Any) throws -> Result<[UInt8], Refusal> {
    let bytes = try JSONSerialization.data(withJSONObject: data, options: .fragmentsAllowed)
    return read(Array(bytes))
  }

  func read(_ bytes: [UInt8]) -> Result<[UInt8], Refusal> {
    bytes.withUnsafeBytes { text in
      Result { () throws(Refusal) in
        try JSONTape().read(text) { data throws(Refusal) in
          let event: any Event = try event.init(type: type, reading: data)
          #expect(event.type == type)
          #expect(!event.key.isEmpty)
          return JSONWriter.object { event.write(to: &$0) }
        }
      }
    }
  }

  func refusal(_ data: Any) throws -> Refusal? {
    switch try read(data) {
    case .success: nil
    case .failure(let refusal): refusal
    }
  }

  func examples(_ kind: String) throws -> [[String: Any]] {
    try #require(try load("examples")[kind] as? [[String: Any]])
  }

  private func load(_ folder: String) throws -> [String: Any] {
    let file = Page.folder.appending(path: "\(folder)/\(type).json")
    return try #require(try JSONSerialization.jsonObject(with: try Data(contentsOf: file)) as? [String: Any])
  }
}

struct Schema {
  let title: String
  let required: Set<String>
  let properties: [String: Property]

  struct Property {
    let types: [String]
    let lengths: ClosedRange<Int>?
    let range: ClosedRange<Int64>?
    let pattern: String?
    let isTime: Bool
    let examples: [Any]

    /// What the tests know how to probe. A schema with another word must teach them first.
    static let words: Set = [
      "description", "type", "minLength", "maxLength", "minimum", "maximum", "pattern", "format", "examples",
    ]
    /// Any text that PostgreSQL can hold.
    static let anything = "^[^\\u0000]*$"

    init(_ words: [String: Any]) throws {
      #expect(Property.words.isSuperset(of: words.keys), "the tests do not know a word of the schema")
      types = try (words["type"] as? [String]) ?? [#require(words["type"] as? String)]
      if let least = words["minLength"] as? Int {
        lengths = least...(try #require(words["maxLength"] as? Int))
      } else {
        lengths = nil
      }
      if let least = words["minimum"] as? Int64 {
        range = least...(try #require(words["maximum"] as? Int64))
      } else {
        range = nil
      }
      pattern = words["pattern"] as? String
      isTime = words["format"] as? String == "date-time"
      examples = try #require(words["examples"] as? [Any])
    }
  }

  init(_ words: [String: Any]) throws {
    title = try #require(words["title"] as? String)
    #expect(words["type"] as? String == "object")
    #expect(words["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(words["$id"] as? String == "urn:millrace:\(title)")
    required = Set(try #require(words["required"] as? [String]))
    properties = try #require(words["properties"] as? [String: [String: Any]]).mapValues(Property.init)
  }

  /// An object with every property.
  func full() throws -> [String: Any] {
    try properties.mapValues { try #require($0.examples.first) }
  }
}
