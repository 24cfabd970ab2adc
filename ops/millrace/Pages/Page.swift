/// One file with everything in it, in English and Chinese: no script, and nothing from elsewhere.
///
/// Both languages stand in it; which is seen is for the style to say, by the fragment of the address: `#zh` or `#en`.
struct Page {
  let title: String
  /// Of this kind of page alone, after that of all.
  let style: String
  /// The header and its sections.
  let parts: [String]

  var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="robots" content="noindex">
    <title>\(escaped(title))</title>
    <style>
    \(PageStyle.text)
    \(style)
    </style>
    </head>
    <body>
    <i id="zh"></i><i id="en"></i>
    <main>
    \(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  /// Where its reader chooses a language.
  static let languages = """
    <nav><a class="to-en" href="#en" lang="en">English</a><a class="to-zh" href="#zh" lang="zh-CN">中文</a></nav>
    """

  static func figure(_ value: String, _ words: CampaignWords.Both, isFirst: Bool = false) -> String {
    "<div\(isFirst ? " class=\"first\"" : "")><b>\(escaped(value))</b>\(say(words))</div>"
  }
}
