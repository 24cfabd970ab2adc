import Testing

@testable import Templates

@Suite struct LanguageTests {
  @Test(
    "values, defaults and conditionals",
    arguments: [
      ("plain text, even { one } brace }}", "{}", "plain text, even { one } brace }}"),
      ("{{name}}您好", #"{"name": "王伟"}"#, "王伟您好"),
      ("{{ name }}", #"{"name": "a"}"#, "a"),
      ("{{姓名}}{{customer.level_2}}", #"{"姓名": "李", "customer": {"level_2": "gold"}}"#, "李gold"),
      (#"{{name|default:"客户"}}"#, "{}", "客户"),
      (#"{{ name | default: "a \"b\" \\" }}"#, "{}", #"a "b" \"#),
      (#"{{name|default:"客户"}}"#, #"{"name": "王"}"#, "王"),
      (#"{{name|default:"客户"}}"#, #"{"name": " \u3000"}"#, "客户"),
      (#"{{name|default:"客户"}}"#, #"{"name": null}"#, "客户"),
      ("{{name}}", "{}", "refused: missing variable name"),
      ("{{name}}", #"{"name": ""}"#, "refused: missing variable name"),
      ("{{a}}{{b}}{{a}}", "{}", "refused: missing variables a, b"),
      (#"{{"{{"}}name}}"#, "{}", "{{name}}"),
      ("{{#if a}}yes{{else}}no{{/if}}", #"{"a": "x"}"#, "yes"),
      ("{{#if a}}yes{{else}}no{{/if}}", "{}", "no"),
      ("{{#if a}}yes{{else}}no{{/if}}", #"{"a": " "}"#, "no"),
      ("{{#if a}}yes{{else}}no{{/if}}", #"{"a": false}"#, "no"),
      ("{{#if a}}yes{{else}}no{{/if}}", #"{"a": true}"#, "yes"),
      // Zero is a number like others.
      ("{{#if a}}{{a}}{{/if}}", #"{"a": 0}"#, "0"),
      ("{{#if a}}{{a}}{{/if}}!", "{}", "!"),
      (#"{{#if a is "gold"}}g{{else}}o{{/if}}"#, #"{"a": "gold"}"#, "g"),
      (#"{{#if a is "gold"}}g{{else}}o{{/if}}"#, #"{"a": "silver"}"#, "o"),
      (#"{{#if a is "gold"}}g{{else}}o{{/if}}"#, "{}", "o"),
      (#"{{#if a is not "gold"}}g{{/if}}"#, "{}", "g"),
      (#"{{#if a is "3"}}g{{/if}}"#, #"{"a": 3}"#, "g"),
      (#"{{#if a is "true"}}g{{/if}}"#, #"{"a": true}"#, "g"),
      // What is not taken wants nothing.
      ("{{#if a}}{{b}}{{else}}c{{/if}}", "{}", "c"),
      ("{{#if a}}{{#if b}}{{b}}{{/if}}{{/if}}.", #"{"a": "x", "b": "y"}"#, "y."),
      ("{{a}}", #"{"a": "{{b}}"}"#, "{{b}}"),
      ("{{a}}", #"{"a": true}"#, "refused: variable a is not a text: true and false are for conditions"),
      ("{{a}}", #"{"a": 1.50}"#, "1.50"),
      ("a\n{{b}}", #"{"b": "c\nd\te"}"#, "a\nc\nd\te"),
      ("{{b}}", #"{"b": "c\u001b"}"#, "refused: variable b holds a control character"),
    ])
  func language(_ source: String, _ values: String, _ wanted: String) {
    #expect(rendered(source, values) == wanted)
  }

  @Test(
    "what is no template is refused with line, column and reason",
    arguments: [
      ("a\n您好{{name", "line 2, column 3: the tag is not closed with }} on its line"),
      ("{{name\n}}", "line 1, column 1: the tag is not closed with }} on its line"),
      ("{{name}", "line 1, column 7: } does not belong here"),
      ("{{}}", "line 1, column 3: } does not belong here"),
      ("{{{name}}}", "line 1, column 3: values are always escaped: there is no {{{, write {{name}}"),
      ("{{1a}}", "line 1, column 3: 1 does not belong here"),
      ("{{a b}}", "line 1, column 5: b does not belong here"),
      ("{{a.}}", "line 1, column 5: a name follows the point"),
      ("{{a.1}}", "line 1, column 5: a name follows the point"),
      (
        "{{a|dat}}",
        "line 1, column 5: there is no format dat; known are date, time, datetime, number, money and default"
      ),
      (#"{{a|date:"big"}}"#, "line 1, column 10: date has the styles short, medium, long, full"),
      (#"{{a|money:"big"}}"#, "line 1, column 11: money has the styles symbol, name, code"),
      ("{{a|number:11}}", "line 1, column 12: number has 0 to 10 digits behind the point, as in number:2"),
      (#"{{a|number:"x"}}"#, "line 1, column 12: number has 0 to 10 digits behind the point, as in number:2"),
      (#"{{a|time:"long"}}"#, "line 1, column 10: time has no styles"),
      ("{{a|date|time}}", "line 1, column 10: a value has one format"),
      (#"{{a|default:"b"|default:"c"}}"#, "line 1, column 17: default stands twice"),
      (#"{{a|default}}"#, "line 1, column 5: default needs a text: default:\"…\""),
      (#"{{a|default:" "}}"#, "line 1, column 5: default needs a text: default:\"…\""),
      (#"{{a|default:“b”}}"#, "line 1, column 13: “ is no quotation mark here; a straight one, \", is"),
      (#"{{a|default:"b}}"#, "line 1, column 13: the text is not closed with \" on its line"),
      (#"{{a|default:"\n"}}"#, "line 1, column 15: a backslash stands before \" or another backslash only"),
      ("{{#each a}}{{/each}}", "line 1, column 4: there is {{#if NAME}} and no other"),
      ("{{#if}}{{/if}}", "line 1, column 4: there is {{#if NAME}} and no other"),
      ("{{if a}}{{/if}}", "line 1, column 3: if is no name: a conditional is {{#if NAME}} … {{else}} … {{/if}}"),
      ("{{#if a}}b", "line 1, column 1: {{#if}} is not closed with {{/if}}"),
      ("b{{/if}}", "line 1, column 2: {{/if}} closes nothing"),
      ("b{{else}}", "line 1, column 2: {{else}} stands outside of {{#if}}"),
      ("{{#if a}}{{else}}{{else}}{{/if}}", "line 1, column 18: {{else}} stands twice in one {{#if}}"),
      ("{{#if a}}{{/each}}", "line 1, column 13: only {{/if}} closes something"),
      (#"{{#if a = "b"}}{{/if}}"#, "line 1, column 9: `is` or }} was expected"),
      (#"{{#if a was "b"}}{{/if}}"#, "line 1, column 9: `is` or }} was expected"),
      (#"{{#if a is no "b"}}{{/if}}"#, "line 1, column 12: `not` or a text in \"quotation marks\" was expected"),
      ("您\u{0}", "line 1, column 2: a control character does not belong here"),
      ("a\n{{\"b\u{1}\"}}", "line 2, column 1: a control character does not belong here"),
    ])
  func refused(_ source: String, _ wanted: String) {
    #expect(rendered(source) == "no template: " + wanted)
  }

  @Test("nesting and size are bounded")
  func bounds() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "{{#if a}}", count: depth) + "x" + String(repeating: "{{/if}}", count: depth)
    }
    #expect(rendered(nested(Template.deepest)) == "")
    #expect(
      rendered(nested(Template.deepest + 1)).hasSuffix("column 73: conditionals stand within each other at most 8 deep")
    )
    // One after the other is not deep.
    #expect(rendered(String(repeating: nested(8), count: 100)) == "")
    #expect(rendered(String(repeating: "a", count: Template.longestSource)).utf8.count == Template.longestSource)
    #expect(rendered(String(repeating: "a", count: Template.longestSource + 1)).contains("at most 262144 bytes"))
    let template = try Template("{{a}}{{a}}", as: .text)
    let locale = try #require(TemplateLocale.named("en-US"))
    #expect(try template.render(["a": .text("12345")], in: locale, atMost: 10) == "1234512345")
    #expect(throws: RenderRefusal.tooLong(9)) { try template.render(["a": .text("12345")], in: locale, atMost: 9) }
  }

  @Test("a template says what it wants")
  func wanted() throws {
    let template = try Template(
      #"""
      {{name}} {{due|date}} {{level|default:"-"}} {{#if total}}{{total|money}} {{fee}}{{/if}} {{#if a}}{{else}}{{b}}{{/if}}
      {{#if k is not "x"}}{{k}}{{else}}{{k}}{{/if}}{{#if m is not "x"}}{{else}}{{m}}{{/if}} {{due|time}}{{due|date}}
      """#, as: .text)
    let told = template.variables.map { "\($0.name) \($0.need) \($0.formats.joined(separator: "+"))" }
    #expect(
      told == [
        "name always ", "due always date+time", "level never ", "total never money", "fee sometimes ", "a never ",
        "b sometimes ", "k sometimes ", "m never ",
      ])
  }

  @Test("values are read from any object; what no template could use is refused")
  func values() {
    let read = variables(
      #"{"a": "x", "b": 1.50, "c": true, "d": null, "e": {"amount": "5", "currency": "CNY"}, "f": {"g": {"h": "\u00e9"}}}"#
    )
    #expect(Set(read.keys) == ["a", "b", "c", "e", "f.g.h"])
    #expect(read["b"] == .number("1.50") && read["f.g.h"] == .text("é") && read["c"] == .boolean(true))
    func refusal(_ json: String) -> String? {
      if case .failure(let refusal) = TemplatesTests.read(json) { return "\(refusal.path) \(refusal.reason)" }
      return nil
    }
    #expect(refusal(#"{"a": {"b": [1]}}"#) == "a.b wrong-type")
    #expect(refusal(#"{"a": 1, "a": 2}"#) == "a twice")
    #expect(refusal(#"{"a": {"b": 1}, "a.b": 2}"#) == "a.b twice")
    #expect(refusal(#"{"a": {"amount": "1,5", "currency": "CNY"}}"#) == "a.amount not-an-amount")
  }
}
