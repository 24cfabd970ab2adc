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
    let bytes = try JSONSerialization.data(withJSONObject: data, options: [.fragmentsAllowed, .sortedKeys])
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

/// What the tests know how to probe. A schema with another word must teach them first.
struct Schema {
  let title: String
  let required: Set<String>
  let properties: [String: Property]
  /// Whole objects: one with every property, unless some exclude each other or stand for each other.
  let forms: [Form]
  /// Every field of every form, those in objects and in elements of arrays among them.
  var places: [Place] { forms.flatMap(\.places) }

  struct Property {
    let types: [String]
    let lengths: ClosedRange<Int>?
    let range: ClosedRange<Int64>?
    let pattern: String?
    /// The words of a closed set.
    let words: [String]?
    /// `date-time` or `date`.
    let format: String?
    let examples: [Any]
    /// The fields of an object.
    let members: [String: Property]
    let requiredMembers: Set<String>
    /// The elements of an array. Only one at a time: a property inside itself has no size.
    let element: [Property]
    let mostElements: Int?

    var isTime: Bool { format == "date-time" }
    var isDay: Bool { format == "date" }

    static let known: Set = [
      "description", "type", "minLength", "maxLength", "minimum", "maximum", "pattern", "format", "examples", "enum",
      "properties", "required", "items", "maxItems",
    ]
    /// Any text that PostgreSQL can hold.
    static let anything = "^[^\\u0000]*$"

    init(_ words: [String: Any], isPart: Bool = false) throws {
      #expect(Property.known.isSuperset(of: words.keys), "the tests do not know a word of the schema")
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
      self.words = words["enum"].map { ($0 as? [Any] ?? []).compactMap { $0 as? String } }
      format = words["format"] as? String
      examples = try #require(words["examples"] as? [Any])
      members = try (words["properties"] as? [String: [String: Any]] ?? [:]).mapValues { try Property($0) }
      requiredMembers = Set(words["required"] as? [String] ?? [])
      element = try (words["items"] as? [String: Any]).map { [try Property($0)] } ?? []
      mostElements = words["maxItems"] as? Int
      if types.contains("array") { _ = try #require(mostElements, "an array without a bound") }
    }
  }

  /// A way to be whole.
  struct Form {
    /// An object with everything that this form can have.
    let whole: [String: Any]
    /// What the schema has and this form has not.
    let excluded: Set<String>
    /// Whether it may not have that either.
    let isExclusive: Bool
    let places: [Place]
  }

  /// A field, with the way to it.
  struct Place {
    /// As in a refusal: `phones[0].number`.
    let path: String
    let property: Property
    let isRequired: Bool
    /// Not required by itself, but its form is nothing without it.
    let isNeeded: Bool
    /// With an example in each of its fields.
    let whole: [String: Any]
    /// Of an array: it has no name that could be absent.
    var isElement: Bool { path.hasSuffix("]") }
    /// The object with another value there; nil takes the field away.
    let put: ([String: Any], Any?) -> [String: Any]
  }

  init(_ words: [String: Any]) throws {
    title = try #require(words["title"] as? String)
    #expect(words["type"] as? String == "object")
    #expect(words["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(words["$id"] as? String == "urn:millrace:\(title)")
    required = Set(try #require(words["required"] as? [String]))
    #expect(Schema.known.isSuperset(of: words.keys), "the tests do not know a word of the schema")
    let properties = try #require(words["properties"] as? [String: [String: Any]]).mapValues { try Property($0) }
    self.properties = properties
    let required = required
    forms = try Schema.ways(words).map { way in
      let fields = properties.filter { !way.excluded.contains($0.key) }
      let whole = try fields.mapValues { try #require($0.examples.first) }
      let places = Schema.places(fields, required, needed: way.needed, whole)
      return Form(whole: whole, excluded: way.excluded, isExclusive: words["oneOf"] != nil, places: places)
    }
  }

  private static let known: Set = [
    "$schema", "$id", "title", "description", "type", "required", "properties", "oneOf", "anyOf",
  ]

  /// `oneOf` tells of fields that exclude each other, with those of each way as strings and those of the others as null; `anyOf` of
  /// fields of which one is enough.
  private static func ways(_ words: [String: Any]) throws -> [(excluded: Set<String>, needed: Set<String>)] {
    func needed(_ way: [String: Any]) throws -> Set<String> { Set(try #require(way["required"] as? [String])) }
    if let ways = words["oneOf"] as? [[String: Any]] {
      return try ways.map { way in
        let kinds = try #require(way["properties"] as? [String: [String: String]])
        return (Set(kinds.filter { $0.value == ["type": "null"] }.keys), try needed(way))
      }
    }
    guard let ways = words["anyOf"] as? [[String: Any]] else { return [([], [])] }
    let each = try ways.map(needed)
    let all = each.reduce(into: Set()) { $0.formUnion($1) }
    return [([], [])] + each.map { (all.subtracting($0), $0) }
  }

  private static func places(
    _ properties: [String: Property], _ required: Set<String>, needed: Set<String> = [], _ whole: [String: Any]
  ) -> [Place] {
    properties.sorted { $0.key < $1.key }.flatMap { name, property in
      let place = Place(
        path: name, property: property, isRequired: required.contains(name), isNeeded: needed.contains(name),
        whole: whole
      ) { object, value in
        var object = object
        object[name] = value
        return object
      }
      return [place] + inner(of: place, get: { $0[name] })
    }
  }

  private static func inner(of place: Place, get: @escaping ([String: Any]) -> Any?) -> [Place] {
    let property = place.property
    var found: [Place] = []
    for member in places(property.members, property.requiredMembers, place.whole) {
      found.append(
        Place(
          path: "\(place.path).\(member.path)", property: member.property, isRequired: member.isRequired,
          isNeeded: false, whole: place.whole
        ) {
          place.put($0, member.put(get($0) as? [String: Any] ?? [:], $1))
        })
    }
    if let element = property.element.first {
      func first(_ object: [String: Any]) -> Any? { (get(object) as? [Any])?.first }
      let inArray = Place(
        path: "\(place.path)[0]", property: element, isRequired: true, isNeeded: false, whole: place.whole
      ) { object, value in
        var elements = get(object) as? [Any] ?? []
        if let value { elements[0] = value }
        return place.put(object, elements)
      }
      found.append(inArray)
      found += inner(of: inArray, get: first)
    }
    return found
  }
}
