internal import JSON
internal import Values

extension CampaignDefinition.Course {
  init(_ data: JSONObject, _ filter: Filter, _ exclusion: Filter?) throws(Refusal) {
    let isJoined = try data.optionalBoolean("joining") ?? false
    if let every = try data.optionalObject("every") {
      guard !isJoined else {
        throw Refusal("wrong-parts", at: data.path("every"), "people join a campaign, or it comes again: not both")
      }
      self = .every(try Recurrence(every))
      return
    }
    guard isJoined else {
      self = .once
      return
    }
    guard !filter.ripens, exclusion?.fades != true else {
      throw Refusal(
        "wrong-parts", at: data.path("joining"),
        "people join when something of them changes, and this filter also comes to hold because time passes")
    }
    self = .joined
  }
}
