internal import Contract
internal import JSON
internal import Values

extension CustomerProfile.Profile {
  init(of customer: CustomerVersion, reading data: JSONObject) throws(Refusal) {
    self.init(customer)
    number = try data.optionalText("number", 1...60)
    idNumber = try data.optionalText("idNumber", 1...60)
    idType = try data.optionalIDType("idType")
    name = try data.optionalText("name", 1...200)
    otherNames = try data.texts("otherNames", atMost: 5, 1...200)
    for phone in try data.objects("phones", atMost: 10) { phones.append(try CustomerProfile.Phone(reading: phone)) }
    email = try data.optionalText("email", 1...254)
    language = try data.optionalLanguage("language")
    birthday = try data.optionalDay("birthday")
    level = try data.optionalText("level", 1...60)
    riskRating = try data.optionalText("riskRating", 1...60)
    if let object = try data.optionalObject("assets") {
      assets = CustomerProfile.Assets(try object.money(), asOf: try object.timestamp("asOf"))
    }
    tags = try data.texts("tags", atMost: 50, 1...60)
    for consent in try data.objects("consents", atMost: 12) {
      let read = try CustomerProfile.Consent(reading: consent)
      guard !consents.contains(where: { $0.channel == read.channel && $0.purpose == read.purpose }) else {
        throw Refusal("twice", at: consent.path("purpose"), "this channel and purpose stand there twice")
      }
      consents.append(read)
    }
    branch = try data.optionalText("branch", 1...60)
    manager = try data.optionalText("manager", 1...60)
    status = try data.optionalChoice("status") ?? .active
    confidential = try data.optionalBoolean("confidential") ?? false
  }

  func write(to data: inout JSONWriter) {
    data.member("number", number)
    data.member("idNumber", idNumber)
    data.member("idType", idType)
    data.member("name", name)
    if !otherNames.isEmpty { data.texts("otherNames", otherNames) }
    if !phones.isEmpty { data.objects("phones", phones) { $1.write(to: &$0) } }
    data.member("email", email)
    data.member("language", language)
    data.member("birthday", birthday)
    data.member("level", level)
    data.member("riskRating", riskRating)
    if let assets {
      data.object("assets") {
        $0.members(of: assets.amount)
        $0.member("asOf", assets.asOf)
      }
    }
    if !tags.isEmpty { data.texts("tags", tags) }
    if !consents.isEmpty { data.objects("consents", consents) { $1.write(to: &$0) } }
    data.member("branch", branch)
    data.member("manager", manager)
    data.member("status", status.rawValue)
    data.member("confidential", confidential)
  }
}

extension CustomerProfile {
  /// What an ID number's document is.
  public static let idTypes = ["resident", "passport", "hk-macao-permit", "taiwan-permit", "organisation", "other"]
}

extension CustomerProfile.Phone {
  init(reading phone: JSONObject) throws(Refusal) {
    number = try phone.text("number", 1...64)
    country = try phone.optionalCountry("country")
    kind = try phone.optionalChoice("kind")
  }

  func write(to phone: inout JSONWriter) {
    phone.member("number", number)
    phone.member("country", country)
    phone.member("kind", kind?.rawValue)
  }
}

extension CustomerProfile.Consent {
  init(reading consent: JSONObject) throws(Refusal) {
    channel = try consent.choice("channel")
    purpose = try consent.choice("purpose")
    guard let given = try consent.optionalBoolean("given") else {
      throw Refusal("missing", at: consent.path("given"), "the field is required")
    }
    self.given = given
    at = try consent.timestamp("at")
    source = try consent.text("source", 1...60)
  }

  func write(to consent: inout JSONWriter) {
    consent.member("channel", channel.rawValue)
    consent.member("purpose", purpose.rawValue)
    consent.member("given", given)
    consent.member("at", at)
    consent.member("source", source)
  }
}
