import Testing
import Values

@Suite struct ControlCharacterTests {
  @Test("the controls are those of Unicode's own table, every character asked")
  func everyCharacter() {
    let others = (0...0x10FFFF as ClosedRange<UInt32>).lazy.compactMap(Unicode.Scalar.init).filter {
      $0.isControl != ($0.properties.generalCategory == .control)
    }
    #expect(Array(others).isEmpty)
  }
}
