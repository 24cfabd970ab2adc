import TestKit
import Testing

@testable import Imports
@testable import Tables

@Suite struct CustomerRowReaderTests {
  private static let table = """
    客户编号,版本,客户号,姓名,证件号码,证件类型,手机号,电话2,出生日期,客户等级,总资产,资产日期,标签,营业部,状态,短信营销,同意时间
    C1,7,8800,王小明,11010519491231002X,身份证,１３８１２３４５６７８,020-3888 1234,1949/12/31,gold,125万,2026-01-31,vip；margin,GZ,正常,同意,2026-01-31
    C2,8,,李娜,,,13900000000,,,,,,,,销户,,
    C3,0,,赵敏,,,,,,,,,,,,,

    """

  @Test("a row says all that a profile can")
  func row() throws {
    var events: [String] = []
    try temporaryFile(Self.table) { path in
      let reader = try TableReader(try TextFile(path))
      let customers = CustomerRowReader(try ColumnMap(reader.header, CustomersImportFields.all), .init())
      while let row = try reader.next() {
        _ = try customers.read(row) { events.append(String(decoding: $0.value, as: UTF8.self)) }
      }
    }
    let expected = [
      #"{"customerId":"C1","version":7,"number":"8800","idNumber":"11010519491231002X","idType":"resident","name":"王小明","#,
      #""phones":[{"number":"13812345678","country":"CN"},{"number":"020-3888 1234","country":"CN"}],"birthday":"1949-12-31","#,
      #""level":"gold","assets":{"amount":"1250000.00","currency":"CNY","asOf":"2026-01-31T23:59:59+08:00"},"#,
      #""tags":["vip","margin"],"consents":[{"channel":"sms","purpose":"marketing","given":true,"#,
      #""at":"2026-01-31T23:59:59+08:00","source":"import"}],"branch":"GZ","status":"active"}"#,
    ].joined()
    #expect(events.first == expected)
    #expect(events.count == 2)
  }
}
