import Mail
import Seeding
import Testing

@Suite struct LinkedTests {
  private func linked(_ html: String) -> String {
    LinkedHTML.tracking(html, clicks: { "https://l.example/?u=\($0)&k" })
  }

  @Test(
    "an address that a link leads to goes through ours, decoded and encoded again",
    arguments: [
      (#"<a href="https://a.example/?b=c&amp;d=e">x</a>"#, "https://a.example/?b=c&d=e"),
      (#"<A CLASS=b HREF='https://a.example/'>x</a>"#, "https://a.example/"),
      (#"<a href=https://a.example/b>x</a>"#, "https://a.example/b"),
      ("<a\n href\n=\n\"\n https://a.example/b\nc \">x</a>", "https://a.example/bc"),
      (#"<a title=">" href="HTTP://a.example">x</a>"#, "HTTP://a.example"),
      (#"<a/href="https://a.example/">x</a>"#, "https://a.example/"),
      (#"<a href="https://a.example/?b&#61;c&#x26;d&quot;">"#, "https://a.example/?b=c&d%22"),
      (#"<a href="https://a.example/?b=c&d=e&copy=2">"#, "https://a.example/?b=c&d=e&copy=2"),
      (#"<a href="https://例子.中国:8080/您好 a">"#, "https://xn--fsqu00a.xn--fiqs8s:8080/%E6%82%A8%E5%A5%BD%20a"),
      (#"<a href="https://a.example/1" href="https://a.example/2">"#, "https://a.example/1"),
      (#"<!--[if mso]><a href="https://a.example/">x</a><![endif]-->"#, "https://a.example/"),
      (#"<!-- > --><a href="https://a.example/">"#, "https://a.example/"),
      (#"<!--><a href="https://a.example/">"#, "https://a.example/"),
      (#"<style>a > b</style><a href="https://a.example/">"#, "https://a.example/"),
      (#"a < b <a href="https://a.example/">"#, "https://a.example/"),
      (#"<script>"<a href='https://b.example/'>"</script ><a href="https://a.example/">"#, "https://a.example/"),
    ])
  func links(html: String, url: String) {
    var seen: [String] = []
    let out = LinkedHTML.tracking(html) { url in
      seen.append(url)
      return "https://l.example/\"&<"
    }
    #expect(seen == [url])
    #expect(out.contains(#""https://l.example/&quot;&amp;&lt;""#) && !out.contains("https://a.example/\""))
  }

  @Test(
    "all else stays as it is, to the byte",
    arguments: [
      "", "a", "<", "<a", "<a href", "<a href=", "<a href=\"", "<a href=\"https://a.example/",

      #"<a name="x" href="mailto:a@b.example">"#, #"<a href="tel:+1">"#, #"<a href="/b">"#, #"<a href="//a.example/">"#,
      #"<a href="javascript:alert(1)//https://a.example">"#, #"<a href="ftp://a.example/">"#, #"<a href="">"#,
      #"<a href="https:///b">"#,
      #"<a href="https://a.example\b">"#, #"<a href="https://a.example/&eacute;">"#,
      #"<a href="https://a.example/&#128;">"#,
      #"<a href="https://a.example/&#xD800;">"#, #"<a href="https://a.example/?b&copy">"#,
      #"<a href="https://b@您.example/">"#,
      #"<a href="https://a_您.example/">"#, #"<img src="https://a.example/">"#, #"<link href="https://a.example/">"#,
      #"<ab href="https://a.example/">"#, #"</a href="https://a.example/">"#, #"<a data-href="https://a.example/">"#,
      #"<!-- <a href="https://a.example/"> -->"#, #"<!-- > <a href="https://a.example/"> -->"#,
      #"<!-- <a href="https://a.example/">"#,
      #"<style><a href="https://a.example/"></style>"#,
      #"<script><a href="https://a.example/">"#, #"<title><a href="https://a.example/"></title>"#,
      #"< a href="https://a.example/">"#,
      #"<p title='<a href="https://a.example/">'>"#, #"<?a <a href="https://a.example/">"#,
      "<a href=\"https://a.example/\(String(repeating: "b", count: 2000))\">", "<a\u{0}href=\"https://a.example/\">",
    ])
  func others(html: String) {
    var seen: [String] = []
    let out = LinkedHTML.tracking(html) { url in
      seen.append(url)
      return "x"
    }
    #expect(out == html && seen == [])
    #expect(LinkedHTML.tracking(html) == html)
  }

  @Test("an address that the caller leaves as it is stays as it was written")
  func left() {
    let html = #"<A HREF='https://a.example/?b=c&d=e' >x</A>"#
    #expect(LinkedHTML.tracking(html) { $0 } == html)
  }

  @Test(
    "the picture stands before the body's end, or at the end",
    arguments: [
      ("<body>a</body></html>", "<body>a|</body></html>"), ("a</BODY >b", "a|</BODY >b"),
      ("a</body><p></body>", "a</body><p>|</body>"),
      ("a", "a|"), ("", "|"), ("<!-- </body> -->a", "<!-- </body> -->a|"),
      (#"<a href="https://a.example/"></body>"#, #"<a href="L"></body>"#),
    ])
  func pixel(html: String, expected: String) {
    let image = #"<img src="https://l.example/open/m1.a?b&amp;c" width="1" height="1" alt="" style="border:0">"#
    let out = LinkedHTML.tracking(html, pixel: "https://l.example/open/m1.a?b&c")
    if expected.contains("L") {
      let both = LinkedHTML.tracking(html, clicks: { _ in "L" }, pixel: "https://l.example/open/m1.a?b&c")
      #expect(both == #"<a href="L">\#(image)</body>"#)
    } else {
      #expect(out == expected.replacing("|", with: image))
    }
  }

  @Test("what never ends is gone through once")
  func large() {
    let begins = [
      "<", "<!--", "<!--[if", "<a href=\"", "<a href=", "<a ", "<script>", "</", "<!-- -", "<style></styl", "&amp;",
    ]
    for begin in begins {
      let html = String(repeating: begin, count: 20_000)
      #expect(linked(html).utf8.count >= html.utf8.count)
    }
    let links = String(repeating: "<a href='https://a.example/'>", count: 5000)
    #expect(linked(links).utf8.count { $0 == UInt8(ascii: "?") } == 5000)
  }

  @Test("any text comes through: the links that are written are those that are read again, and nothing else changed")
  func anything() {
    var random = Seeded(5)
    let pieces = [
      "<", ">", "<a ", "<a href=", "<a href=\"https://a.example/\">", "<a href='https://b.example/?c&amp;d'>", "</a>",
      "\"", "'", "=", "/",
      " ", "href", "<!--", "-->", "--!>", "<!--[if", "<![endif]-->", "<script>", "</script>", "<style>", "</style",
      "<title>", "</title>",
      "<p>", "</body>", "&amp;", "&#", "https://c.example/", "您好", "😀", "\0", "\n", "<?", "<!", "-", "plaintext",
      "<textarea>", "</textarea>",
    ]
    var links = 0
    for round in 0..<8000 {
      let html = (0..<random.below(25)).map { _ in pieces.randomElement(using: &random)! }.joined()
      var written: [String] = []
      let out = LinkedHTML.tracking(html) { _ in
        written.append("https://l.example/\(written.count)?a&b")
        return written.last!
      }
      var read: [String] = []
      let same = LinkedHTML.tracking(out) { url in
        read.append(url)
        return url
      }
      #expect(read == written && same == out, "round \(round): \(html)")
      links += written.count
    }
    #expect(links > 2000)
  }
}
