import Testing

@testable import Templates

/// No value can add markup, a header or a line of one.
@Suite struct ContextTests {
  @Test(
    "in markup values are escaped for where they stand",
    arguments: [
      ("<p>{{v}}</p>", #"<b a="1" c='2'>&"#, "<p>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</p>"),
      (#"<img alt="{{v}}">"#, #"" onerror="x"#, #"<img alt="&quot; onerror=&quot;x">"#),
      ("<img alt='{{v}}'>", "' x='", "<img alt='&#39; x=&#39;'>"),
      (#"<a href="{{v}}">"#, "https://a/?b=1&c=2", #"<a href="https://a/?b=1&amp;c=2">"#),
      (#"<a href = "{{v}}">"#, "javascript:alert(1)", "refused: variable v is not \(webAddress)"),
      (#"<a HREF=' {{v}}'>"#, "JavaScript:alert(1)", "refused: variable v is not \(webAddress)"),
      (#"<a href="{{v}}">"#, "java\nscript:alert(1)", "refused: variable v is not \(webAddress)"),
      (#"<a href="{{v}}">"#, "//evil", "refused: variable v is not \(webAddress)"),
      (#"<a href="https://a/{{v}}">"#, "../b?c=d&e", #"<a href="https://a/..%2Fb%3Fc%3Dd%26e">"#),
      (#"<a href="https://a/?n={{v}}&m=1">"#, "王 +&m=2", #"<a href="https://a/?n=%E7%8E%8B%20%2B%26m%3D2&m=1">"#),
      (#"<a href="tel:{{v}}">"#, "+8613800138000", #"<a href="tel:+8613800138000">"#),
      (#"<a href="mailto:{{v}}?subject=x">"#, "a@b.example", #"<a href="mailto:a@b.example?subject=x">"#),
      (#"<a href="{{#if v}}https://a/{{v}}{{else}}https://b/{{/if}}">"#, "c", #"<a href="https://a/c">"#),
      ("<!--[if mso]><p>{{v}}</p><![endif]-->", "<", "<!--[if mso]><p>&lt;</p><![endif]-->"),
      ("<!-- a --><!DOCTYPE html>{{v}}", "<", "<!-- a --><!DOCTYPE html>&lt;"),
      ("<style>p>a{}</style >{{v}}", "<", "<style>p>a{}</style >&lt;"),
      ("<script>if(a</b/)</script>{{v}}", "<", "<script>if(a</b/)</script>&lt;"),
      ("a < b {{v}}", "<", "a < b &lt;"),
      (#"<td {{#if v}}class="a"{{/if}}>{{v}}</td>"#, "1", #"<td class="a">1</td>"#),
      ("<p>{{v}}</p>", "a\u{7}", "refused: variable v holds a control character"),
    ])
  func markup(_ source: String, _ value: String, _ wanted: String) throws {
    let locale = try #require(TemplateLocale.named("zh-CN"))
    let template = try Template(source, as: .html)
    let told: String
    do throws(RenderRefusal) { told = try template.render(["v": .text(value)], in: locale) } catch {
      told = "refused: \(error)"
    }
    #expect(told == wanted)
  }

  @Test(
    "a value where no escaping is enough, and markup that its branches leave open, are no template",
    arguments: [
      ("<script>{{v}}</script>", "column 9: a value may not stand in <script>"),
      ("<STYLE>a{{v}}</STYLE>", "column 9: a value may not stand in <style>"),
      ("<a {{v}}>", "column 4: a value may not stand in a tag"),
      ("<{{v}}>", "column 2: a value may not stand in a tag"),
      ("<p{{v}}>", "column 3: a value may not stand in a tag"),
      ("<a href={{v}}>", "column 9: a value may not stand in an attribute without quotation marks"),
      ("<a href=b{{v}}>", "column 10: a value may not stand in an attribute without quotation marks"),
      (#"<a onclick="{{v}}">"#, "column 13: a value may not stand in the attribute onclick"),
      (#"<a STYLE="color:{{v}}">"#, "column 17: a value may not stand in the attribute style"),
      (#"<img srcset="{{v}}">"#, "column 14: a value may not stand in the attribute srcset"),
      ("<!-- {{v}} -->", "column 6: a value may not stand in a comment or declaration"),
      (#"{{#if v}}<a href="{{/if}}">"#, "column 19: the branches of {{#if}} end at different places of the markup"),
      (
        #"<a href="{{#if v}}x{{/if}}{{v}}">"#,
        "column 20: the branches of {{#if}} end at different places of the markup"
      ),
      ("<p", "column 3: the markup ends inside of a tag"),
      ("<style>a", "column 9: the markup ends inside of <style>"),
      (#"<a href="{{v|default:"x"}}">"#, "column 10: the default here must be \(webAddress)"),
    ])
  func refusedMarkup(_ source: String, _ wanted: String) {
    #expect(rendered(source, as: .html) == "no template: line 1, " + wanted)
  }

  @Test("the default and literal text of a template keep to the context too")
  func defaults() {
    #expect(rendered(#"<p>{{v|default:"a & b"}}</p>"#, as: .html) == "<p>a &amp; b</p>")
    #expect(
      rendered("a\nb", as: .header).hasSuffix("line 1, column 2: a header is one line without control characters"))
    #expect(rendered("a{{b|default:\"c\u{202E}\"}}", as: .header).contains("column 14: a header is one line"))
  }

  @Test(
    "a header takes one line and nothing that hides",
    arguments: ["a\r\nBcc: b", "a\nb", "a\rb", "a\u{0}", "a\u{85}b", "a\u{2028}b", "a\u{202E}b", "a\u{2066}b", "a\tb"])
  func header(_ value: String) throws {
    let template = try Template("Re: {{v}}", as: .header)
    let locale = try #require(TemplateLocale.named("en-US"))
    #expect(throws: RenderRefusal.forbidden("v")) { try template.render(["v": .text(value)], in: locale) }
    // Joiners are part of names in some scripts, and of emoji.
    #expect(try template.render(["v": .text("<王> \u{200D}")], in: locale) == "Re: <王> \u{200D}")
  }
}
