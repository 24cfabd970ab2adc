internal import Observe

/// What people see who want no more, in English and in Chinese: without scripts, pictures or anything from elsewhere.
enum UnsubscribePage {
  /// GET changes nothing: scanners follow every link of a mail.
  static let asking = page(
    title: ("Unsubscribe", "退订"),
    text: (
      "You will get no more messages like this at this address. What you have asked for yourself, such as a code, still comes.",
      "您将不再收到此类信息。您自己要求的信息（如验证码）仍会发送。"
    ),
    form: """
      <form method="post"><input type="hidden" name="way" value="page"><button>Unsubscribe <span lang="zh">退订</span></button></form>
      """)

  static let done = page(
    title: ("Unsubscribed", "已退订"),
    text: ("You will get no more messages like this at this address.", "您将不再收到此类信息。"))

  static let later = page(
    503, title: ("Not now", "请稍后再试"),
    text: ("This could not be written down. Please try again in a minute.", "暂时无法处理，请稍后再试。"))

  static let unknown = page(
    404, title: ("This link is not known", "链接无效"),
    text: (
      "It may have been cut off. Open the link of the message again, or copy all of it.", "链接可能不完整，请重新打开信息中的链接。"
    ))

  private static func page(
    _ status: Int = 200, title: (String, String), text: (String, String), form: String = ""
  ) -> Response {
    let html = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex"><title>\(title.0) · \(title.1)</title>
      <style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}
      h1{font-size:1.5rem}button{font:inherit;padding:.5rem 1.5rem}</style></head>
      <body><main><h1>\(title.0) <span lang="zh">\(title.1)</span></h1>
      <p>\(text.0)</p><p lang="zh">\(text.1)</p>\(form)</main></body></html>

      """
    return Response(
      status, type: "text/html; charset=utf-8",
      fields: [
        "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy":
          "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      ], body: Array(html.utf8))
  }
}
