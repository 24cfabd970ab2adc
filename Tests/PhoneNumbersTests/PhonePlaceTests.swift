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

  @Test("names the carrier a mobile range was given to")
  func carrier() throws {
    let place = try PhoneNumber(parsing: "+86 139 1234 5678").place
    #expect(place.carrier == "China Mobile")
    #expect(place.carrierInChinese == "中国移动")
    #expect(try PhoneNumber(parsing: "+86 755 8600 0000").place.carrier == nil)
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
