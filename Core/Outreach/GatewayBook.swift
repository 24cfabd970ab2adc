internal import Contract
public import Gateways
internal import JSON
public import Postgres
public import Values

/// The gateways of a channel as the database has them, in the order in which they are tried.
public struct GatewayBook: Sendable {
  /// A class: its description is large, and looked at for each call.
  public final class Gateway: Sendable {
    public let name: String
    public let version: Int32
    public let isEnabled: Bool
    public let description: GatewayDescription

    public init(name: String, version: Int32, isEnabled: Bool, _ description: GatewayDescription) {
      self.name = name
      self.version = version
      self.isEnabled = isEnabled
      self.description = description
    }

    public func serves(_ country: String?, _ purpose: Purpose) -> Bool {
      GatewayDescription.Purpose(rawValue: purpose.rawValue).map { description.serves(country: country, purpose: $0) }
        ?? false
    }
  }

  public private(set) var gateways: [Gateway] = []
  /// Those whose description cannot be read, with the reason: they take no calls.
  public private(set) var broken: [String: String] = [:]

  public init() {}

  public init(_ gateways: [Gateway]) { self.gateways = gateways }

  public subscript(name: String) -> Gateway? { gateways.first { $0.name == name } }

  /// Asks for what has changed since.
  public func news(_ channel: Channel) -> Question<[News]> {
    let known = gateways
    return Question(
      """
      select g.name, g.version, g.enabled, case when k.version is distinct from g.version then g.description end
      from gateway g left join unnest($2::text[], $3::int[]) k (name, version) on k.name = g.name
      where g.channel = $1 order by g.place, g.name
      """
    ) {
      $0.text(channel.rawValue)
      $0.texts(known) { $0.name }
      $0.smalls(known) { $0.version }
    } reading: { rows in
      rows.map {
        News(
          name: $0.text(0), version: Int32($0.small(1)), isEnabled: $0.boolean(2), description: $0.optionalText(3))
      }
    }
  }

  public struct News: Sendable {
    let name: String
    let version: Int32
    let isEnabled: Bool
    /// nil where it is as it was.
    let description: String?
  }

  public mutating func take(_ news: [News]) {
    var gateways: [Gateway] = []
    broken = [:]
    for gateway in news {
      var description = self[gateway.name]?.description
      if let text = gateway.description {
        do throws(Refusal) { description = try GatewayDescription(reading: text) } catch {
          broken[gateway.name] = error.description
          continue
        }
      }
      guard let description else { continue }
      gateways.append(
        Gateway(name: gateway.name, version: gateway.version, isEnabled: gateway.isEnabled, description))
    }
    self.gateways = gateways
  }

  /// Those that cannot be called as things are set here take no calls.
  public mutating func leaveOut(_ reason: String, where isUnfit: (GatewayDescription) -> Bool) {
    for gateway in gateways where isUnfit(gateway.description) { broken[gateway.name] = reason }
    gateways.removeAll { broken[$0.name] != nil }
  }

  /// Those that may carry a message, the first one first.
  public func candidates(_ country: String?, _ purpose: Purpose) -> [Gateway] {
    gateways.filter { $0.serves(country, purpose) }
  }
}

extension GatewayDescription {
  /// From JSON text.
  public init(reading text: String) throws(Refusal) {
    self = try JSONTape().read(text) { object throws(Refusal) in try GatewayDescription(reading: object) }
  }
}
