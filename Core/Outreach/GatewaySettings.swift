internal import JSON
public import Settings
internal import Values

// What senders and the receiver of receipts have to agree on.

extension Setting<String?> {
  public static var callBackURL: Setting {
    Setting(
      "CALL_BACK_URL", .optional(.text), default: nil,
      "where gateways reach receive-receipts, as in https://receipts.example; without it nobody is asked to call back")
  }
}

extension Setting<Secret> {
  public static var gatewaySecrets: Setting {
    Setting(
      "GATEWAY_SECRETS", .secret("a JSON object of texts") { GatewaySecrets.parse($0) != nil }, default: Secret("{}"),
      "what descriptions of gateways name as {{secret.NAME}}: a JSON object of texts by name")
  }
}

/// The firm's secrets with its gateways, by the names that descriptions know.
public enum GatewaySecrets {
  /// Checked when the setting was read.
  public static func read(_ secret: Secret) -> [String: String] { parse(secret.reveal()) ?? [:] }

  static func parse(_ text: String) -> [String: String]? {
    do throws(Refusal) {
      guard case .object(let members) = try JSONValue(reading: Array(text.utf8)) else { return nil }
      var secrets: [String: String] = [:]
      for member in members {
        guard case .text(let value) = member.value else { return nil }
        secrets[member.name] = value
      }
      return secrets
    } catch {
      return nil
    }
  }
}
