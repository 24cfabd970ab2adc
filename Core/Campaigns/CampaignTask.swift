internal import JSON
public import Templates
internal import Values

/// How a campaign reaches somebody.
public enum CampaignChannel: String, Sendable, CaseIterable {
  case sms, email, fax
  /// Whoever has the customer or the lead is given a task.
  case manager

  /// nil where no message is sent.
  public var message: MessageChannel? { MessageChannel(rawValue: rawValue) }
}

extension CampaignDefinition {
  /// What whoever has a customer or lead is to do.
  public struct Task: Hashable, Sendable {
    /// A template; what is known of the person goes in. Its variants may have others.
    public let script: String
    /// How numbers and days are written in it. BCP 47.
    public let language: String
    /// After it was given.
    public let due: Duration

    /// Days in which a task may be due at most.
    static let mostDays: Int64 = 90

    init(_ data: JSONObject) throws(Refusal) {
      language = try data.optionalLanguage("language") ?? TemplateLocale.all[0].tag
      guard let text = try data.optionalScript(in: language) else {
        throw Refusal("missing", at: data.path("script"), "the field is required")
      }
      script = text
      guard let due = try data.optionalPeriod("due", .seconds(60)...(.seconds(Task.mostDays * 86_400))) else {
        throw Refusal("missing", at: data.path("due"), "the field is required")
      }
      self.due = due
    }
  }

  /// The script of a variant on a channel, by their places; nil of a message.
  func script(variant: Int, place: Int) -> String? {
    channels[place].task.map { variants[variant].script ?? $0.script }
  }
}

/// What a task says, with places for what is known of somebody.
public struct CampaignScript: Sendable {
  /// Characters of its source.
  static let longest = 4_000
  /// Bytes of what it comes to.
  private static let longestText = 16_000

  private let template: Template
  private let locale: TemplateLocale

  init(_ text: String, in language: String) throws(TemplateError) {
    template = try Template(text, as: .text)
    locale = TemplateLocale.named(language) ?? TemplateLocale.all[0]
  }

  /// Those without which there is no script for somebody.
  public var variables: [TemplateVariable] { template.variables.filter { $0.need > .never } }

  public func text(telling values: [String: TemplateValue]) throws(RenderRefusal) -> String {
    try template.render(values, in: locale, atMost: CampaignScript.longestText)
  }
}

extension CampaignDefinition {
  /// What the tasks of each variant say; none where it gives none.
  public var scripts: [CampaignScript] {
    get throws(Refusal) {
      guard let place = channels.firstIndex(where: { $0.channel == .manager }) else { return [] }
      var scripts: [CampaignScript] = []
      for variant in variants.indices {
        if let script = try readScript(variant: variant, place: place) { scripts.append(script) }
      }
      return scripts
    }
  }

  /// As a variant's people are told of on a channel; nil of a message.
  func readScript(variant: Int, place: Int) throws(Refusal) -> CampaignScript? {
    guard let text = script(variant: variant, place: place), let task = channels[place].task else { return nil }
    let isOwn = variants[variant].script != nil
    let path = isOwn ? "variants[\(variant)].script" : "channels[\(place)].script"
    do throws(TemplateError) { return try CampaignScript(text, in: task.language) } catch {
      throw Refusal("not-a-template", at: path, error.description)
    }
  }
}

extension JSONObject {
  /// - Parameter language: of the campaign's tasks; nil where it gives none.
  func optionalScript(in language: String?) throws(Refusal) -> String? {
    guard let text = try optionalText("script", 1...CampaignScript.longest) else { return nil }
    guard let language else { throw Refusal("unused", at: path("script"), "the campaign has no channel manager") }
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw Refusal("empty", at: path("script"), "there is no text")
    }
    do throws(TemplateError) { _ = try CampaignScript(text, in: language) } catch {
      throw Refusal("not-a-template", at: path("script"), error.description)
    }
    return text
  }
}
