public import Fax
internal import JSON
internal import Values

/// A HylaFAX server that dials by itself, and tells what becomes of a job by its notify command.
public final class HylaFAXGateway: Sendable {
  public let sendFax: SendFax
  /// By name, as the last part of the path that the server's notify command calls.
  public let callBacks: [String: CallBackDescription]
  let secrets: Set<String>

  init(
    _ object: JSONObject, named name: String, _ constants: [String: String], beside common: [StaticString]
  ) throws(Refusal) {
    try object.refuseOthers(common + ["hylafax", "callBacks"])
    let server = try object.object("hylafax")
    try server.refuseOthers("server", "dials", "hours")
    let address = try server.text("server", 1...255)
    guard !address.hasPrefix("-"), address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }) else {
      throw Refusal("not-a-host", at: server.path("server"), "host or host:port was expected, as in fax.example:4559")
    }
    sendFax = SendFax(
      server: address, dials: Int(try server.optionalInteger("dials", 1...100) ?? 12),
      hours: Int(try server.optionalInteger("hours", 1...168) ?? 3))
    let rows = try object.optionalObject("callBacks")
    var scope = TemplateScope(constants: constants, callBacks: rows?.names ?? [])
    callBacks = try CallBackDescription.read(rows, of: name, in: &scope)
    secrets = scope.secrets
  }
}

extension FaxPages {
  /// Of a gateway's description.
  init(_ object: JSONObject) throws(Refusal) {
    var cover: FaxCover?
    if let row = try object.optionalObject("cover") {
      try row.refuseOthers("sender", "phone", "note")
      cover = FaxCover(
        sender: try row.text("sender", 1...100), phone: try row.optionalText("phone", 1...40),
        note: try row.optionalText("note", 1...1000))
    }
    self.init(cover: cover, paper: try object.optionalChoice("paper") ?? .a4)
  }
}
