import Seeding
import Testing

@testable import Templates

@Suite struct PropertyTests {
  private static let pieces = [
    "{{", "}}", "{{name}}", "{{ a.b |date }}", "{{#if a}}", "{{else}}", "{{/if}}", "|default:\"", "\"", "\\", "|", ":",
    "{{#if a is not \"x\"}}", "{{x|money:\"name\"}}", "{{n|number:2}}", " ", "\n", "\r\n", "您好", "é", "e\u{301}", "😀",
    "<", ">", "<p>", "</p>", "<a href=\"", "<a href=", "'", "<script>", "</script>", "<style>", "<!--", "-->",
    "<!--[if",
    "?", "/", "=", "&", "style=\"", "alt=\"", "\0", "\u{202E}", "name", "a", "1",
  ].map { Array($0.utf8) }

  private static func source(_ random: inout Seeded) -> String {
    var bytes: [UInt8] = []
    if Int.random(in: 0..<4, using: &random) == 0 {
      bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    } else {
      for _ in 0..<Int.random(in: 0...30, using: &random) { bytes += pieces.randomElement(using: &random)! }
      // Sometimes a character cut in two.
      if Int.random(in: 0..<4, using: &random) == 0 { bytes.removeLast(min(bytes.count, 1)) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("any bytes are a template that renders or refuses, or an error within the source")
  func anything() {
    var random = Seeded()
    var templates = 0
    for round in 0..<20_000 {
      let source = Self.source(&random)
      let context = Template.Context.allCases.randomElement(using: &random)!
      let label: Comment = "seed \(Seeded.seed), round \(round)"
      do throws(TemplateError) {
        let template = try Template(source, as: context)
        templates += 1
        var values: [String: TemplateValue] = [:]
        for variable in template.variables where variable.need == .always {
          values[variable.name] = .text(Self.source(&random))
        }
        do throws(RenderRefusal) {
          let text = try template.render(values, in: TemplateLocale.all.randomElement(using: &random)!)
          #expect(template.variables.allSatisfy { $0.need != .always || values[$0.name]!.isThere }, label)
          if context == .header { #expect(text.unicodeScalars.allSatisfy(isFitForHeader), label) }
        } catch {
          #expect(!error.description.isEmpty, label)
        }
      } catch {
        let lines = source.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        #expect((1...lines).contains(error.line) && (1...source.count + 1).contains(error.column), label)
      }
    }
    #expect(templates > 1000)
  }

  /// Wherever a value may stand in markup, it must come out of a reader of markup as one piece of text or attribute.
  @Test("a value never becomes markup: what stands around it is the same whatever it is")
  func injection() throws {
    var random = Seeded()
    let frames = [
      "<p>{{v}}</p>", #"<p title="{{v}}">x</p>"#, "<p title='{{v}}'>x</p>", #"<a href="https://a/{{v}}">x</a>"#,
      #"<a href="https://a/?b={{v}}">x</a>"#, "<!--[if mso]><b>{{v}}</b><![endif]-->", #"<a href="{{v}}">x</a>"#,
    ]
    let locale = TemplateLocale.all[0]
    for round in 0..<5000 {
      let frame = frames.randomElement(using: &random)!
      var value = Self.source(&random).unicodeScalars.filter(isFitForText).reduce(into: "") {
        $0.unicodeScalars.append($1)
      }
      if frame.contains("=\"{{v}}") { value = "https://a/" + value.filter { !$0.isWhitespace } }
      guard !value.isBlank else { continue }
      let label: Comment = "seed \(Seeded.seed), round \(round): \(frame)"
      let parts = frame.split(separator: "{{v}}", omittingEmptySubsequences: false)
      let template = try Template(frame, as: .html)
      let text: String
      do throws(RenderRefusal) {
        text = try template.render(["v": .text(value)], in: locale)
      } catch {
        // An address takes nothing that hides.
        #expect(frame.contains("href=\"{{v}}"), label)
        continue
      }
      #expect(
        text.utf8.starts(with: parts[0].utf8) && text.utf8.reversed().starts(with: parts[1].utf8.reversed()), label)
      let inside = text.utf8.dropFirst(parts[0].utf8.count).dropLast(parts[1].utf8.count)
      #expect(
        !inside.contains {
          [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'")].contains($0)
        }, label)
      // The reader stands where it would without any value.
      var markup = Markup()
      for byte in parts[0].utf8 { markup.take(byte) }
      _ = markup.value()
      let before = markup
      for byte in inside { markup.take(byte) }
      #expect(markup == before || frame.contains("href="), label)
      for byte in parts[1].utf8 { markup.take(byte) }
      #expect(markup.isText, label)
    }
  }
}
