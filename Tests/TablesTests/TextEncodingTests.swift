import Testing

@testable import Tables

@Suite struct TextEncodingTests {
  /// 手机号,姓名 / 13812345678,王𠮷 in GB18030: the last character takes four bytes.
  static let gb18030: [UInt8] =
    [0xCA, 0xD6, 0xBB, 0xFA, 0xBA, 0xC5, 0x2C, 0xD0, 0xD5, 0xC3, 0xFB, 0x0A] + Array("13812345678,".utf8) + [
      0xCD, 0xF5, 0x95, 0x34, 0xB2, 0x35, 0x0A,
    ]

  private func utf16(_ text: String, isBig: Bool, mark: Bool = true) -> [UInt8] {
    ((mark ? "\u{FEFF}" : "") + text).utf16.flatMap { unit in
      isBig ? [UInt8(unit >> 8), UInt8(unit & 0xFF)] : [UInt8(unit & 0xFF), UInt8(unit >> 8)]
    }
  }

  @Test("UTF-8 with and without a byte order mark, GB18030 and UTF-16 of both orders say the same")
  func same() throws {
    let text = "手机号,姓名\n13812345678,王𠮷\n"
    for (bytes, encoding) in [
      (Array(text.utf8), TextEncoding.utf8), ([0xEF, 0xBB, 0xBF] + Array(text.utf8), .utf8),
      (Self.gb18030, .gb18030), ([0x84, 0x31, 0x95, 0x33] + Self.gb18030, .gb18030),
      (utf16(text, isBig: false), .utf16LittleEndian), (utf16(text, isBig: true), .utf16BigEndian),
    ] {
      let reading = try TableReading(bytes)
      #expect(reading.encoding == encoding)
      #expect(reading.header == ["手机号", "姓名"])
      #expect(reading.cells == [["13812345678", "王𠮷"]])
      #expect(reading.damages.isEmpty)
    }
  }

  @Test("GB18030 is found by what stands a million lines down")
  func late() throws {
    var bytes = Array("phone,name\n".utf8)
    for _ in 0..<60_000 { bytes += Array("13812345678,Wang\n".utf8) }
    bytes += Array("13812345678,".utf8) + [0xCD, 0xF5, 0xD0, 0xA1, 0xC3, 0xF7]
    let reading = try TableReading(bytes)
    #expect(reading.encoding == .gb18030)
    #expect(reading.cells.last == ["13812345678", "王小明"])
  }

  @Test("a wrong byte is a damaged row in every encoding, and the rows around it are read")
  func wrongByte() throws {
    let lines: [(TextEncoding, [UInt8])] = [
      (.utf8, Array("手机号,姓名\n1,王小明\n2,王".utf8) + [0xE5, 0x2C] + Array("\n3,王小明\n".utf8)),
      (.utf8, Array("手机号,姓名\n1,王小明\n2,王".utf8) + [0xFF] + Array("\n3,王小明\n".utf8)),
      (.gb18030, Self.gb18030 + [0x32, 0x2C, 0x81, 0x0A] + Array("3,x".utf8)),
      (.gb18030, Self.gb18030 + [0x32, 0x2C, 0x95, 0x34, 0xB6, 0x0A] + Array("3,x".utf8)),
      (.gb18030, Self.gb18030 + [0x32, 0x2C, 0xFF, 0x0A] + Array("3,x".utf8)),
      (.utf16LittleEndian, utf16("a,b\n1,x\n2,", isBig: false) + [0, 0xD8, 0x0A, 0, 0x33, 0, 0x2C, 0, 0x34, 0]),
      (.utf16BigEndian, utf16("a,b\n1,x\n2,", isBig: true) + [0xDC, 0, 0, 0x0A, 0, 0x33, 0, 0x2C, 0, 0x34]),
    ]
    for (encoding, bytes) in lines {
      let reading = try TableReading(bytes)
      #expect(reading.encoding == encoding)
      #expect(reading.damages == ["3: \(reading.header[1]): wrong-byte"])
      #expect(reading.rows.count == 3)
      #expect(reading.rows[2].damage == nil)
      #expect(reading.rows[2][0] == "3")
    }
  }

  @Test("UTF-16 that ends in the middle of a character has a damaged last row")
  func cut() throws {
    for bytes in [utf16("a,b\n1,2", isBig: false) + [0x33], utf16("a,b\n1,2", isBig: false) + [0x42, 0xD8]] {
      #expect(try TableReading(bytes).damages == ["2: b: wrong-byte"])
    }
  }

  @Test("characters that lie across the pieces of reading are whole")
  func pieces() throws {
    for shift in 0..<4 {
      var bytes = Self.gb18030 + Array("1,".utf8) + Array(repeating: UInt8(ascii: "x"), count: shift) + [0x0A]
      while bytes.count < TextFile.pieceSize + 50 { bytes += [0x95, 0x34, 0xB2, 0x35, 0x2C, 0xCD, 0xF5, 0x0A] }
      let reading = try TableReading(bytes)
      #expect(reading.damages.isEmpty)
      #expect(reading.cells.dropFirst(2).allSatisfy { $0 == ["𠮷", "王"] })
    }
  }

  @Test(
    "an encoding is named as people name it",
    arguments: [("gbk", TextEncoding.gb18030), ("UTF8", .utf8), ("utf-16be", .utf16BigEndian), ("GB18030", .gb18030)])
  func names(name: String, encoding: TextEncoding) throws {
    #expect(try TextEncoding(option: name) == encoding)
    #expect(throws: TableError.self) { try TextEncoding(option: "latin-1") }
  }
}
