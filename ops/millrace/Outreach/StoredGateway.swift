internal import Gateways
internal import JSON
internal import Postgres
internal import Values

/// A gateway as files describe it and the table keeps it.
struct StoredGateway {
  let description: GatewayDescription
  let json: JSONValue

  init(reading object: JSONObject) throws(Refusal) {
    description = try GatewayDescription(reading: object)
    json = try object.value()
  }

  init(text: String) throws(Refusal) {
    self = try JSONTape().read(text) { object throws(Refusal) in try StoredGateway(reading: object) }
  }

  var text: String { String(decoding: json.bytes, as: UTF8.self) }

  /// Members that are other than in the old one, in the words of the files.
  func differences(from old: StoredGateway) -> [String] {
    guard case .object(let members) = json, case .object(let oldMembers) = old.json else { return [] }
    let names = (members + oldMembers).map(\.name)
    return names.indices.filter { names[..<$0].contains(names[$0]) == false }.map { names[$0] }
      .filter { json[$0]?.sorted != old.json[$0]?.sorted }
  }

  /// Of a file, or of all *.json of a directory.
  static func read(_ path: String) throws(Failure) -> [StoredGateway] {
    var gateways: [StoredGateway] = []
    for file in try InputFiles.named(path, endings: [".json"]) {
      let bytes = try InputFiles.contents(of: file)
      let read: Result<[StoredGateway], Refusal> = bytes.withUnsafeBytes { text in
        Result { () throws(Refusal) in try JSONTape().read(text) { root throws(Refusal) in try rows(root) } }
      }
      do throws(Refusal) { gateways += try read.get() } catch { throw .no("\(file): \(error)") }
      let names = gateways.map(\.description.name)
      if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
        throw .no("\(file): \(names[twice]) stands there twice.")
      }
    }
    return gateways
  }

  private static func rows(_ root: JSONObject) throws(Refusal) -> [StoredGateway] {
    guard root.names.contains("gateways") else { return [try StoredGateway(reading: root)] }
    try root.refuseOthers("gateways")
    var gateways: [StoredGateway] = []
    for object in try root.objects("gateways", atMost: 1000) { gateways.append(try StoredGateway(reading: object)) }
    guard !gateways.isEmpty else { throw Refusal("missing", at: "gateways", "the field is required") }
    return gateways
  }
}

extension JSONValue {
  /// Objects with their members in order of names: how they lie in a file says nothing.
  fileprivate var sorted: JSONValue {
    switch self {
    case .object(let members):
      .object(members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
    case .array(let elements): .array(elements.map(\.sorted))
    default: self
    }
  }
}
