import PhoneNumbers
import Testing

@Suite("A number's place")
struct PhonePlaceTests {
  @Test("has country, province, city, zone and kind")
  func china() throws {
    let place = try PhoneNumber(parsing: "+86 755 8600 0000").place
    #expect(place.country?.code == "CN")
    #expect(place.subdivision == "CN-GD")
    #expect(place.city == "Shenzhen")
    #expect(place.english == "Shenzhen, Guangdong")
    #expect(place.chinese == "广东省深圳市")
    #expect(place.timeZones.names == ["Asia/Shanghai"])
    #expect(place.kind == .fixedLine)
    #expect(place.regionPath?.description == "CN-GD/Shenzhen")
  }

  @Test("names a state of the United States and no city where only the state is known")
  func unitedStates() throws {
    let city = try PhoneNumber(parsing: "+1 650 253 0000").place
    #expect(city.regionPath?.description == "US-CA/Mountain View")
    let state = try PhoneNumber(parsing: "+1 213 800 0000").place
    #expect(state.subdivision == "US-CA")
    let toll = try PhoneNumber(parsing: "+1 800 253 0000").place
    #expect(toll.kind == .tollFree)
    #expect(toll.subdivision == nil)
  }

  @Test("is the country alone for a possible number in no known range")
  func unknownRange() throws {
    let number = try PhoneNumber(parsing: "+86 100 1234 5678")
    #expect(number.possibility == .possible)
    #expect(number.place.kind == .unknown)
    #expect(number.place.regionPath?.description == "CN")
    #expect(number.place.english == nil)
    #expect(number.place.timeZones.isEmpty)
  }

  @Test("belongs to no country where the calling code is shared and the range unknown")
  func sharedCode() throws {
    let place = try PhoneNumber(parsing: "+1 100 253 0000").place
    #expect(place.country == nil)
    #expect(place.regionPath == nil)
  }

  @Test(
    "names the carrier a mobile range was given to",
    arguments: [
      ("+8613912345678", "China Mobile", "中国移动"), ("+8613012345678", "China Unicom", "中国联通"),
      ("+8618912345678", "China Telecom", "中国电信"), ("+447400123456", "Three", nil), ("+6591234567", "SingTel", nil),
      ("+85291234567", "3", "3"), ("+821012345678", nil, nil), ("+8675586000000", nil, nil),
    ] as [(String, String?, String?)])
  func carrier(text: String, english: String?, chinese: String?) throws {
    let place = try PhoneNumber(parsing: text).place
    #expect(place.carrier == english)
    #expect(place.carrierInChinese == chinese)
  }

  @Test("knows every zone that a number may be in")
  func zones() throws {
    #expect(try PhoneNumber(parsing: "+7 800 555 3535").place.timeZones.names.count > 5)
    #expect(try PhoneNumber(parsing: "+1 650 253 0000").place.timeZones.joined == "America/Los_Angeles")
    #expect(try PhoneNumber(parsing: "+800 1234 5678").place.timeZones.isEmpty)
  }

  @Test("of an Argentine mobile number is the place of its area code")
  func mobileToken() throws {
    let mobile = try PhoneNumber(parsing: "+54 9 343 422 1212").place
    #expect(mobile.kind == .mobile)
    #expect(mobile.english == "Paraná, Entre Ríos")
    #expect(mobile.regionPath?.description == "AR/Paraná, Entre Ríos")
  }

  @Test("is in the data for every Chinese province and US state, with the ISO 3166-2 code")
  func subdivisions() {
    let provinces = """
      AH BJ CQ FJ GD GS GX GZ HA HB HE HI HL HN JL JS JX LN NM NX QH SC SD SH SN SX TJ XJ XZ YN ZJ
      """
    let states = """
      AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR
      PA RI SC SD TN TX UT VA VT WA WI WV WY
      """
    for code in provinces.split(whereSeparator: \.isWhitespace) { #expect(RegionPath("CN-\(code)") != nil, "\(code)") }
    for code in states.split(whereSeparator: \.isWhitespace) { #expect(RegionPath("US-\(code)") != nil, "\(code)") }
  }
}

@Suite("A region path")
struct RegionPathTests {
  @Test("is read as rules write it", arguments: ["CN", "CN-GD", "CN-GD/Shenzhen", "CN-BJ", "DE/Munich", "US-CA"])
  func text(_ text: String) throws {
    #expect(RegionPath(text)?.description == text)
  }

  @Test("is nil for a region without phone numbers", arguments: ["", "XX", "CN-", "CN-GD/", "CN-GD/Atlantis", "cn"])
  func unknown(_ text: String) {
    #expect(RegionPath(text) == nil)
  }

  @Test("contains what lies in it and nothing beside it")
  func containment() throws {
    let china = try #require(RegionPath("CN"))
    let guangdong = try #require(RegionPath("CN-GD"))
    let shenzhen = try #require(RegionPath("CN-GD/Shenzhen"))
    let gansu = try #require(RegionPath("CN-GS"))
    #expect(china.contains(shenzhen) && china.contains(guangdong) && china.contains(china))
    #expect(guangdong.contains(shenzhen) && !guangdong.contains(gansu) && !guangdong.contains(china))
    #expect(!shenzhen.contains(guangdong))
    #expect(shenzhen.ancestry.map(\.description) == ["CN-GD/Shenzhen", "CN-GD", "CN"])
    #expect([shenzhen, gansu, china, guangdong].sorted() == [china, guangdong, shenzhen, gansu])
  }
}
