import Testing

@testable import Tables

@Suite struct ColumnMapTests {
  static let fields = [
    TableField("phone", ["手机", "手机号", "mobile", "tel"], required: true), TableField("name", ["姓名", "名字"]),
    TableField("customerNumber", ["客户号"]),
  ]

  @Test(
    "headings are known in either language and however they are dressed",
    arguments: [
      (["手机号", "姓名"], [0, 1, nil]), (["Name", "Phone"], [1, 0, nil]), (["* 手 机 号（必填）", "姓名:"], [0, 1, nil]),
      (["customer_number", "MOBILE"], [1, nil, 0]), (["Customer Number", "Ｔｅｌ", "x"], [1, nil, 0]),
    ] as [([String], [Int?])])
  func headings(header: [String], columns: [Int?]) throws {
    let map = try ColumnMap(header, Self.fields)
    #expect(Self.fields.map { map[$0.name] } == columns)
  }

  @Test("--map says what a column means, by heading or number, and what it does not mean")
  func given() throws {
    let map = try ColumnMap(["联系方式", "姓名", "昵称"], Self.fields, given: "联系方式=phone,3=name,姓名=-")
    #expect(map.columns == ["phone": 0, "name": 2])
    #expect(try ColumnMap(["手机", "手机号"], Self.fields, given: "手机号=phone").columns == ["phone": 1])
    #expect(try ColumnMap(["手机", "备注"], Self.fields).unused == ["备注"])
  }

  @Test(
    "a heading that cannot be used is named",
    arguments: [
      (["姓名"], nil, "no column means phone"), (["手机", "手机号"], nil, "both mean phone"),
      (["手机"], "x=phone", "names the column \"x\""), (["手机"], "手机=phon", "did you mean `phone`?"),
      (["手机"], "手机", "must be as"), (["手机", "姓名"], "1=phone,2=phone", "two columns"),
      (["手机", "姓名"], "1=phone,手机=name", "twice"),
    ] as [([String], String?, String)])
  func wrong(header: [String], given: String?, sentence: String) {
    let failure = #expect(throws: TableError.self) { try ColumnMap(header, Self.fields, given: given) }
    #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
  }
}
