public import JSON
public import Values

extension CampaignProgress {
  public init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case "campaign.stepped": self = .stepped(try Stepped(reading: data))
    case "campaign.declined": self = .declined(try Declined(reading: data))
    default: throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: " and "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .stepped(let stepped): stepped.write(to: &data)
    case .declined(let declined): declined.write(to: &data)
    }
  }
}

extension CampaignProgress.Stepped {
  init(reading data: JSONObject) throws(Refusal) {
    campaign = try data.integer("campaignId", LeadVersion.ids)
    name = try data.text("name", 1...80)
    step = try data.choice("step")
    number = try data.integer("number", 1...1_000_000_000)
    version = try data.integer("version", 1...1_000_000_000)
    before = try data.optionalChoice("before")
    state = try data.choice("state")
    by = try data.optionalText("by", 1...60)
    note = try data.optionalText("note", 1...500)
    command = try data.optionalObject("command").map { command throws(Refusal) in
      try CampaignProgress.Origin(reading: command)
    }
    plan = try CampaignProgress.Plan(reading: data.object("plan"))
    var counts: [CampaignProgress.Count] = []
    for count in try data.objects("counts", atMost: 5000) { counts.append(try CampaignProgress.Count(reading: count)) }
    self.counts = counts
    at = try data.timestamp("at")
  }

  func write(to data: inout JSONWriter) {
    data.member("campaignId", campaign)
    data.member("name", name)
    data.member("step", step.rawValue)
    data.member("number", number)
    data.member("version", version)
    data.member("before", before?.rawValue)
    data.member("state", state.rawValue)
    data.member("by", by)
    data.member("note", note)
    if let command { data.object("command") { command.write(to: &$0) } }
    data.object("plan") { plan.write(to: &$0) }
    if !counts.isEmpty { data.objects("counts", counts) { $1.write(to: &$0) } }
    data.member("at", at)
  }
}

extension CampaignProgress.Declined {
  init(reading data: JSONObject) throws(Refusal) {
    campaign = try data.integer("campaignId", LeadVersion.ids)
    name = try data.text("name", 1...80)
    wanted = try data.choice("wanted")
    by = try data.text("by", 1...60)
    reason = try data.text("reason", 1...60)
    command = try CampaignProgress.Origin(reading: data.object("command"))
    at = try data.timestamp("at")
  }

  func write(to data: inout JSONWriter) {
    data.member("campaignId", campaign)
    data.member("name", name)
    data.member("wanted", wanted.rawValue)
    data.member("by", by)
    data.member("reason", reason)
    data.object("command") { command.write(to: &$0) }
    data.member("at", at)
  }
}

extension CampaignProgress.Origin {
  init(reading command: JSONObject) throws(Refusal) {
    source = try command.text("source", 1...400)
    id = try command.text("id", 1...400)
  }

  func write(to command: inout JSONWriter) {
    command.member("source", source)
    command.member("id", id)
  }
}

extension CampaignProgress.Count {
  init(reading count: JSONObject) throws(Refusal) {
    variant = try count.integer("variant", 0...1000)
    channel = try count.optionalText("channel", 1...60)
    state = try count.text("state", 1...60)
    reason = try count.optionalText("reason", 1...60)
    recipients = try count.integer("recipients", 1...(1 << 53 - 1))
  }

  func write(to count: inout JSONWriter) {
    count.member("variant", variant)
    count.member("channel", channel)
    count.member("state", state)
    count.member("reason", reason)
    count.member("recipients", recipients)
  }
}

extension CampaignProgress.Plan {
  init(reading plan: JSONObject) throws(Refusal) {
    title = try plan.text("title")
    objective = try plan.text("objective", 1...60)
    purpose = try plan.choice("purpose")
    audience = try plan.choice("audience")
    branch = try plan.text("branch", 1...60)
    owner = try plan.text("owner", 1...60)
    product = try plan.optionalText("product", 1...60)
    channels = try plan.texts("channels", atMost: 10, 1...60)
    variants = try plan.texts("variants", atMost: 10, 1...63)
    targets = try plan.optionalObject("targets").map { targets throws(Refusal) in
      try CampaignProgress.Targets(reading: targets)
    }
    conversion = try plan.optionalObject("conversion").map { conversion throws(Refusal) in
      try CampaignProgress.Conversion(reading: conversion)
    }
    starts = try plan.timestamp("starts")
    expires = try plan.timestamp("expires")
  }

  func write(to plan: inout JSONWriter) {
    plan.member("title", title)
    plan.member("objective", objective)
    plan.member("purpose", purpose.rawValue)
    plan.member("audience", audience.rawValue)
    plan.member("branch", branch)
    plan.member("owner", owner)
    plan.member("product", product)
    plan.texts("channels", channels)
    plan.texts("variants", variants)
    if let targets { plan.object("targets") { targets.write(to: &$0) } }
    if let conversion {
      plan.object("conversion") {
        $0.member("by", conversion.by.rawValue)
        $0.member("within", conversion.within)
        $0.member("credit", conversion.credit.rawValue)
      }
    }
    plan.member("starts", starts)
    plan.member("expires", expires)
  }
}

extension CampaignProgress.Targets {
  init(reading targets: JSONObject) throws(Refusal) {
    reach = try targets.optionalInteger("reach", 0...1_000_000_000_000)
    responses = try targets.optionalInteger("responses", 0...1_000_000_000_000)
    conversions = try targets.optionalInteger("conversions", 0...1_000_000_000_000)
    assets = try targets.optionalMoney("assets")
  }

  func write(to targets: inout JSONWriter) {
    targets.member("reach", reach)
    targets.member("responses", responses)
    targets.member("conversions", conversions)
    targets.member("assets", assets)
  }
}

extension CampaignProgress.Conversion {
  init(reading conversion: JSONObject) throws(Refusal) {
    by = try conversion.choice("by")
    within = try conversion.text("within", 1...60)
    credit = try conversion.choice("credit")
  }
}
