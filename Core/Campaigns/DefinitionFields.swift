internal import JSON
internal import Templates
internal import Values

/// Fields that several parts of a definition have in common.
extension JSONObject {
  /// A name as campaigns, templates and budgets have it.
  func word(_ name: StaticString) throws(Refusal) -> String {
    guard let word = try optionalWord(name) else { throw Refusal("missing", at: path(name), "the field is required") }
    return word
  }

  func optionalWord(_ name: StaticString) throws(Refusal) -> String? {
    guard let word = try optionalText(name, 1...63) else { return nil }
    let bytes = Array(word.utf8)
    guard bytes[0].isPlain, bytes.allSatisfy({ $0.isPlain || ".-_".utf8.contains($0) }) else {
      throw Refusal(
        "not-a-name", at: path(name),
        "small letters, digits, `.`, `_` and `-` were expected, beginning with a letter or digit")
    }
    return word
  }

  /// BCP 47, without extensions.
  func optionalLanguage(_ name: StaticString) throws(Refusal) -> String? {
    guard let tag = try optionalText(name, 1...35) else { return nil }
    guard let locale = TemplateLocale.named(tag) else {
      let known = TemplateLocale.all.map(\.tag).joined(separator: ", ")
      throw Refusal("unknown-language", at: path(name), "one of these was expected: \(known)")
    }
    return locale.tag
  }

  func percentage(_ name: StaticString, _ range: ClosedRange<Percentage>) throws(Refusal) -> Percentage {
    guard let share = try optionalPercentage(name, range) else {
      throw Refusal("missing", at: path(name), "the field is required")
    }
    return share
  }

  func optionalPercentage(_ name: StaticString, _ range: ClosedRange<Percentage>) throws(Refusal) -> Percentage? {
    guard let value = try optionalValue(name) else { return nil }
    guard case .number(let number) = value else { throw Refusal("wrong-type", at: path(name), "a number was expected") }
    guard let share = Percentage(number), range.contains(share) else {
      throw Refusal(
        "out-of-range", at: path(name),
        "a share from \(range.lowerBound) to \(range.upperBound) was expected, with at most two digits after the point")
    }
    return share
  }

  func optionalPeriod(_ name: StaticString, _ range: ClosedRange<Duration>) throws(Refusal) -> Duration? {
    guard let text = try optionalText(name, 0...100) else { return nil }
    guard let period = Duration(iso8601: text) else {
      throw Refusal("not-a-period", at: path(name), "a time as ISO 8601 writes it was expected, as in PT24H or P30D")
    }
    guard range.contains(period) else {
      throw Refusal(
        "out-of-range", at: path(name),
        "\(range.lowerBound.components.seconds) s to \(range.upperBound.components.seconds / 86_400) days were expected"
      )
    }
    return period
  }

  func optionalFilter(_ name: StaticString, _ kind: CampaignDefinition.Kind) throws(Refusal) -> Filter? {
    // The characters are counted by the filter itself, which says so better.
    guard let text = try optionalText(name, 1...CampaignDefinition.longest) else { return nil }
    do throws(FilterError) { return try Filter(text, of: kind) } catch {
      throw Refusal("not-a-filter", at: path(name), error.description)
    }
  }

  /// `variables`, each with its whole path where it is refused.
  func variables() throws(Refusal) -> [String: TemplateValue] {
    guard let object = try optionalObject("variables") else { return [:] }
    do throws(Refusal) { return try [String: TemplateValue](reading: object) } catch {
      let isWhole = error.path.hasPrefix(path("variables"))
      throw Refusal(
        restoring: error.reason, at: isWhole ? error.path : path("variables") + "." + error.path, error.detail)
    }
  }
}

extension UInt8 {
  fileprivate var isPlain: Bool { (97...122).contains(self) || (48...57).contains(self) }
}
