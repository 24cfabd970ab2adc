internal import Postgres
internal import Templates

/// What is in the way of writing to somebody, channel by channel, and what chance makes of them.
extension AudienceSQL {
  /// People with the channel that is theirs, or the first obstacle where there is none.
  mutating func appendReachable(_ restriction: Restriction) {
    sql.append("select x.*, ")
    appendFirst("null::int") { sql, place in sql.append { $0.small(Int32(place)) } }
    sql.append(" as place, ")
    sql.append(AudienceSQL.obstacles[places.lowerBound])
    sql.append(" as obstacle, ")
    appendTold(.sms, "x.phone", "null::bigint")
    sql.append(" as told_phone, ")
    appendTold(.email, "x.email", "null::text")
    sql.append(" as told_email, ")
    appendVariant()
    sql.append(" as variant, ")
    appendHeldOut(restriction)
    sql.append(" as held_out from ")
    // A layer for each channel: what is worked out in one is not worked out again for every mention of it.
    for place in places.reversed() {
      sql.append("(select x.*, ")
      if place == places.lowerBound, restriction.isOfAll, !isOfLeads { appendShared() }
      appendObstacle(place, restriction)
      sql.append(AudienceSQL.names[place])
      sql.append(" from ")
    }
    sql.append("(select x.*, ")
    if isLeftToChance {
      sql.append("md5(")
      sql.append { [seed = audience.seed] in $0.text(seed + "/") }
      sql.append(" || x.subject)")
    } else {
      sql.append("null::text")
    }
    sql.append(" as hash from (")
    appendPeople(restriction)
    sql.append(" offset '0') x offset '0') x")
    for _ in places { sql.append(" offset '0') x") }
  }

  // MARK: Channels

  private static let obstacles: [StaticString] = ["x.obstacle0", "x.obstacle1", "x.obstacle2", "x.obstacle3"]
  private static let names: [StaticString] = [" as obstacle0", " as obstacle1", " as obstacle2", " as obstacle3"]

  /// What the first channel without an obstacle comes to.
  private mutating func appendFirst(_ none: StaticString, _ value: (inout Composition, Int) -> Void) {
    sql.append("case")
    for place in places {
      sql.append(" when ")
      sql.append(AudienceSQL.obstacles[place])
      sql.append(" is null then ")
      value(&sql, place)
    }
    sql.append(" else ")
    sql.append(none)
    sql.append(" end")
  }

  private mutating func appendTold(_ channel: MessageChannel, _ address: StaticString, _ none: StaticString) {
    let steps = definition.channels
    appendFirst(none) { sql, place in sql.append(steps[place].channel.message == channel ? address : none) }
  }

  private mutating func appendObstacle(_ place: Int, _ restriction: Restriction) {
    let channel = definition.channels[place].channel
    sql.append("case when x.excluded then 'excluded'")
    appendIsTooSoon(restriction)
    if place > places.lowerBound {
      // Nobody wants to know.
      sql.append(" when ")
      sql.append(AudienceSQL.obstacles[place - 1])
      sql.append(" is null then null")
    }
    if let risk = definition.product?.risk {
      sql.append(" when coalesce(x.rating, 0) < ")
      sql.append { $0.small(Int32(risk)) }
      sql.append(" then 'unsuitable'")
    }
    switch channel {
    case .sms:
      appendObstacles(.sms, "x.phone", "'+' || x.phone", AudienceSQL.othersWithPhone)
      appendIsCapped(.sms)
    case .email:
      appendObstacles(.email, "x.email", "x.email", AudienceSQL.othersWithEmail)
      appendIsCapped(.email)
    case .manager: appendManagerObstacles()
    // Nobody's fax number is known.
    case .fax: sql.append(" else 'no-address'")
    }
    sql.append(" end")
  }

  /// Whether others have the same addresses, on the same layer as the first obstacle: what is above a layer that looks something up is
  /// worked out by the session alone.
  private mutating func appendShared() {
    let channels = Set(definition.channels.map(\.channel))
    sql.append(
      channels.contains(.sms)
        ? "exists (select from customer_phone k where k.phone = x.phone and k.customer_id <> x.customer)" : "false")
    sql.append(" as phone_shared, ")
    sql.append(
      channels.contains(.email)
        ? "exists (select from customer m where lower(m.email) = x.email and m.id <> x.customer)" : "false")
    sql.append(" as email_shared, ")
  }

  // Others than themselves: an address that is nobody else's costs a look at an index and no more.
  private static let othersWithPhone: StaticString = """
    (select from customer_phone k join customer m on m.id = k.customer_id
      where k.phone = x.phone and k.customer_id is distinct from x.customer and m.
    """
  private static let othersWithEmail: StaticString =
    "(select from customer m where lower(m.email) = x.email and m.id is distinct from x.customer and m."

  /// In the order in which a claim looks at them (`ClaimBook`): what anybody says who has the address counts.
  private mutating func appendObstacles(
    _ channel: MessageChannel, _ address: StaticString, _ written: StaticString, _ others: StaticString
  ) {
    let bit = sql.place { $0.text(channel.rawValue) }
    let purpose = sql.place { [word = definition.purpose.rawValue] in $0.text(word) }
    func appendBit() {
      sql.append(" & (1 << consent_slot(")
      sql.append(bit)
      sql.append(", ")
      sql.append(purpose)
      sql.append(")) <> 0")
    }
    func appendSuppressions() {
      sql.append(" from suppression s where s.channel = ")
      sql.append(bit)
      sql.append(" and s.address = ")
      sql.append(written)
      sql.append(" and s.lifted_at is null)")
    }
    sql.append(" when ")
    sql.append(address)
    sql.append(" is null then 'no-address' when exists (select")
    appendSuppressions()
    sql.append(" then (select coalesce(min(s.reason) filter (where s.reason <> 'opted-out'), min(s.reason))")
    appendSuppressions()
    sql.append(" when x.refused")
    appendBit()
    sql.append(" or exists ")
    sql.append(others)
    sql.append("refused")
    appendBit()
    sql.append(") then 'consent-refused'")
    guard definition.purpose == .marketing else { return }
    sql.append(" when not (x.consented")
    appendBit()
    sql.append(") and not exists (select from contact_policy y where y.channel in ('all', ")
    sql.append(bit)
    sql.append(") and y.purpose = ")
    sql.append(purpose)
    sql.append(" and y.without_consent) and not exists ")
    sql.append(others)
    sql.append("consented")
    appendBit()
    sql.append(") then 'no-consent'")
  }

  /// Who has nobody to talk to them, or does not want to be called. A manager may talk to whoever has said nothing of that.
  private mutating func appendManagerObstacles() {
    sql.append(
      """
       when not exists (select from person m where m.id = x.manager_id and m.active) then 'no-manager'
       when x.refused & (1 << consent_slot('call',\u{20}
      """)
    sql.append { [word = definition.purpose.rawValue] in $0.text(word) }
    sql.append(")) <> 0 then 'consent-refused'")
  }

  // MARK: Chance

  private var isLeftToChance: Bool { definition.variants.count > 1 || definition.control > .none }

  /// The first eight digits of the hash decide whether somebody is held out, the next eight their variant: neither tells of the other.
  private mutating func appendHeldOut(_ restriction: Restriction) {
    // Who is asked for by number has been chosen before.
    if case .people = restriction { return sql.append("false") }
    guard definition.control > .none else { return sql.append("false") }
    sql.append("('x' || substr(x.hash, 1, 8))::bit(32)::bigint % 10000 < ")
    sql.append { [share = definition.control.hundredths] in $0.small(Int32(share)) }
  }

  private mutating func appendVariant() {
    guard definition.variants.count > 1 else { return sql.append("0") }
    sql.append("width_bucket(('x' || substr(x.hash, 9, 8))::bit(32)::bigint % 10000, ")
    // Where each variant but the first begins.
    var sum = 0
    let bounds = definition.variants.dropLast().map { variant in
      sum += variant.share.hundredths
      return Int64(sum)
    }
    sql.append { $0.integers(bounds) { $0 } }
    sql.append(")")
  }
}
