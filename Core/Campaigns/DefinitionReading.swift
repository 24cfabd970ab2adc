internal import JSON
internal import Templates
internal import Topics
public import Values

extension CampaignDefinition {
  /// Bytes of a definition.
  public static let longest = 200_000

  /// Refuses what is no definition, with the path of what is wrong in it.
  public init(reading text: String) throws(Refusal) {
    guard text.utf8.count <= CampaignDefinition.longest else {
      throw Refusal("too-long", "a definition has at most \(CampaignDefinition.longest) bytes")
    }
    self = try JSONTape().read(text) { object throws(Refusal) in
      try CampaignDefinition(object)
    }
  }

  private init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers(
      "name", "title", "objective", "owner", "branch", "purpose", "product", "audience", "exclude", "columnsOf",
      "control",
      "variants",
      "channels", "variables", "starts", "expires", "joining", "every", "cap", "hours", "pace", "budget", "pauseAt",
      "targets",
      "conversion")
    name = try data.word("name")
    title = try data.text("title")
    objective = try data.text("objective", 1...60)
    owner = try data.optionalText("owner", 1...60)
    branch = try data.text("branch", 1...60)
    purpose = try data.choice("purpose")
    guard purpose != .transactional else {
      throw Refusal("unknown-word", at: data.path("purpose"), "one of these was expected: marketing, service")
    }
    product = try data.optionalObject("product").map { object throws(Refusal) in try Product(object) }
    (audience, filter) = try CampaignDefinition.audience(data.object("audience"))
    exclusion = try data.optionalFilter("exclude", audience)
    columnsOf = try data.optionalWord("columnsOf")
    control = try CampaignDefinition.control(data)
    channels = try CampaignDefinition.channels(data)
    variants = try CampaignDefinition.variants(data, channels)
    variables = try data.variables()
    starts = try data.optionalTimestamp("starts")
    expires = try data.timestamp("expires")
    if let starts, starts >= expires {
      throw Refusal("out-of-order", at: data.path("expires"), "it ends before it starts")
    }
    course = try Course(data, filter, exclusion)
    hours = try data.optionalText("hours", 1...60)
    pace = try data.optionalInteger("pace", 1...Int64(Int32.max)).map { Int($0) }
    budget = try data.optionalWord("budget")
    cap = try data.optionalObject("cap").map { object throws(Refusal) in try Cap(object) }
    pauseAt = try data.optionalObject("pauseAt").map { object throws(Refusal) in try PauseAt(object) }
    targets = try data.optionalObject("targets").map { object throws(Refusal) in try Targets(object) } ?? Targets()
    conversion = try data.optionalObject("conversion").map { object throws(Refusal) in try Conversion(object) }
  }

  private static func audience(_ data: JSONObject) throws(Refusal) -> (Kind, Filter) {
    try data.refuseOthers("customers", "leads")
    switch (try data.optionalFilter("customers", .customers), try data.optionalFilter("leads", .leads)) {
    case (let filter?, nil): return (.customers, filter)
    case (nil, let filter?): return (.leads, filter)
    default: throw Refusal("wrong-parts", at: data.path("customers"), "either customers or leads are required")
    }
  }

  private static func control(_ data: JSONObject) throws(Refusal) -> Percentage {
    guard let control = try data.optionalObject("control") else { return .none }
    try control.refuseOthers("share")
    return try control.percentage("share", .none...Percentage(hundredths: 5_000))
  }

  private static func channels(_ data: JSONObject) throws(Refusal) -> [Step] {
    let objects = try data.objects("channels", atMost: CampaignChannel.allCases.count)
    guard !objects.isEmpty else {
      throw Refusal("missing", at: data.path("channels"), "at least one channel is required")
    }
    var steps: [Step] = []
    for object in objects {
      let step = try Step(object, after: steps.last)
      guard !steps.contains(where: { $0.channel == step.channel }) else {
        throw Refusal("twice", at: object.path("channel"), "the channel stands there twice")
      }
      steps.append(step)
    }
    return steps
  }

  private static func variants(_ data: JSONObject, _ channels: [Step]) throws(Refusal) -> [Variant] {
    let objects = try data.objects("variants", atMost: 10)
    guard !objects.isEmpty else {
      return [Variant(name: "a", share: .all, variables: [:], templates: [:], script: nil)]
    }
    guard objects.count > 1 else {
      throw Refusal("too-few", at: data.path("variants"), "two variants at least, or none, were expected")
    }
    var variants: [Variant] = []
    for object in objects {
      let variant = try Variant(object, channels)
      guard !variants.contains(where: { $0.name == variant.name }) else {
        throw Refusal("twice", at: object.path("name"), "another variant has this name")
      }
      variants.append(variant)
    }
    let sum = Percentage(hundredths: variants.reduce(0) { $0 + $1.share.hundredths })
    guard sum == .all else {
      throw Refusal("wrong-sum", at: data.path("variants"), "the shares come to \(sum), 100 % was expected")
    }
    return variants
  }
}

extension CampaignDefinition.Product {
  fileprivate init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("code", "risk")
    code = try data.text("code", 1...60)
    risk = try data.optionalInteger("risk", 1...5).map { Int($0) }
  }
}

extension CampaignDefinition.Variant {
  fileprivate init(_ data: JSONObject, _ channels: [CampaignDefinition.Step]) throws(Refusal) {
    try data.refuseOthers("name", "share", "variables", "templates", "script")
    name = try data.word("name")
    share = try data.percentage("share", Percentage(hundredths: 1)...(.all))
    variables = try data.variables()
    var templates: [MessageChannel: String] = [:]
    if let object = try data.optionalObject("templates") {
      try object.refuseOthers("sms", "email", "fax")
      templates[.sms] = try object.optionalWord("sms")
      templates[.email] = try object.optionalWord("email")
      templates[.fax] = try object.optionalWord("fax")
      for channel in templates.keys where !channels.contains(where: { $0.channel.message == channel }) {
        throw Refusal("unused", at: object.path("") + channel.rawValue, "the campaign does not use this channel")
      }
    }
    self.templates = templates
    script = try data.optionalScript(in: channels.compactMap(\.task?.language).first)
  }
}

extension CampaignDefinition.Step {
  fileprivate init(_ data: JSONObject, after last: CampaignDefinition.Step?) throws(Refusal) {
    channel = try data.choice("channel")
    if channel == .manager {
      try data.refuseOthers("channel", "script", "language", "due", "onFailure", "failureWithin", "afterSilence")
      let task = try CampaignDefinition.Task(data)
      (self.task, template, language, gateway) = (task, nil, task.language, nil)
    } else {
      try data.refuseOthers("channel", "template", "language", "gateway", "onFailure", "failureWithin", "afterSilence")
      task = nil
      template = try data.word("template")
      language = try data.optionalLanguage("language")
      gateway = try data.optionalWord("gateway")
    }
    let standsInOnFailure = try data.optionalBoolean("onFailure") ?? false
    let within = try data.optionalPeriod("failureWithin", .seconds(1)...(.seconds(30 * 86_400)))
    guard standsInOnFailure || within == nil else {
      throw Refusal("wrong-parts", at: data.path("failureWithin"), "it belongs to onFailure")
    }
    guard last?.channel != .manager || within == nil else {
      throw Refusal(
        "wrong-parts", at: data.path("failureWithin"), "after a task nothing is waited for but its due time")
    }
    onFailure = standsInOnFailure ? within ?? CampaignDefinition.Step.failureWithin : nil
    afterSilence = try data.optionalPeriod("afterSilence", .seconds(60)...(.seconds(30 * 86_400)))
    let standsIn = onFailure != nil || afterSilence != nil
    guard standsIn == (last != nil) else {
      throw Refusal(
        "wrong-parts", at: data.path("onFailure"),
        last == nil
          ? "the first channel stands in for none: it has neither onFailure nor afterSilence"
          : "a channel after the first says when it stands in: onFailure, afterSilence or both")
    }
  }
}

extension CampaignDefinition.Cap {
  fileprivate init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("messages", "within")
    messages = Int(try data.integer("messages", 1...1_000))
    guard let within = try data.optionalPeriod("within", .seconds(60)...(.seconds(366 * 86_400))) else {
      throw Refusal("missing", at: data.path("within"), "the field is required")
    }
    self.within = within
  }
}

extension CampaignDefinition.PauseAt {
  fileprivate init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("failures", "complaints", "after")
    failures = try data.optionalPercentage("failures", Percentage(hundredths: 1)...(.all))
    complaints = try data.optionalPercentage("complaints", Percentage(hundredths: 1)...(.all))
    after = Int(try data.optionalInteger("after", 1...1_000_000_000) ?? 100)
    guard failures != nil || complaints != nil else {
      throw Refusal("missing", at: data.path("failures"), "failures, complaints or both are required")
    }
  }
}

extension CampaignDefinition.Targets {
  fileprivate init() { (reach, responses, conversions, assets) = (nil, nil, nil, nil) }

  fileprivate init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("reach", "responses", "conversions", "assets")
    reach = try data.optionalInteger("reach", 0...1_000_000_000_000).map { Int($0) }
    responses = try data.optionalInteger("responses", 0...1_000_000_000_000).map { Int($0) }
    conversions = try data.optionalInteger("conversions", 0...1_000_000_000_000).map { Int($0) }
    try data.optionalObject("assets")?.refuseOthers("amount", "currency")
    assets = try data.optionalMoney("assets")
  }
}

extension CampaignDefinition.Conversion {
  fileprivate init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("by", "within", "credit")
    by = try data.choice("by")
    guard let within = try data.optionalPeriod("within", .seconds(3_600)...(.seconds(366 * 86_400))) else {
      throw Refusal("missing", at: data.path("within"), "the field is required")
    }
    self.within = within
    credit = try data.optionalChoice("credit") ?? .lastTouch
  }
}
