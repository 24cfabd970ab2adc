public import Programs
public import Values

/// A fax as pages of black and white: a cover and a text, laid out by Pango (`paps`), which breaks lines and finds letters for any
/// script, and made one file of fax pages by Ghostscript.
///
/// What holds in this room: nothing is run here; what is to be run, and what came of it, are values.
public struct FaxPages: Sendable {
  public enum Paper: String, Sendable, CaseIterable { case a4, letter }

  public let cover: FaxCover?
  public let paper: Paper

  public init(cover: FaxCover?, paper: Paper = .a4) {
    self.cover = cover
    self.paper = paper
  }

  /// What a fax says.
  public struct Order: Sendable {
    /// E.164 with its plus.
    public let to: String
    public let text: String
    public let reference: String
    public let at: Timestamp

    public init(to: String, text: String, reference: String, at: Timestamp) {
      (self.to, self.text, self.reference, self.at) = (to, text, reference, at)
    }
  }

  /// The programs that lay out its parts, one after the other; each writes PostScript.
  public func layouts(_ order: Order) -> [Program] {
    let cover = cover.map {
      layout(
        $0.markup(
          to: order.to, reference: order.reference, date: order.at.rfc3339.prefix(16).replacing("T", with: " ") + " UTC"
        ), size: 13)
    }
    return [cover, layout(FaxPages.escaped(order.text) + "\n", size: 11)].compactMap { $0 }
  }

  /// Lines of a text that make some thirty pages: more take longer to lay out than a sender may have a message in hand.
  public static let mostLines = 1_500

  /// Whether its text is more than that.
  public static func isTooLong(_ text: String) -> Bool { text.utf8.count { $0 == 0x0A } > mostLines }

  /// What makes one fax of them: TIFF of Group 4 (ITU-T T.6) in fine resolution, as machines send it, 204 x 196 dots an inch.
  public func joining(_ parts: [[UInt8]]) -> Program {
    let pages = ["-sDEVICE=tiffg4", "-r204x196", "-sPAPERSIZE=\(paper.rawValue)", "-dFIXEDMEDIA"]
    // TIFF is not written from its beginning to its end: a pipe would not do.
    return Program(
      "gs",
      ["-q", "-dSAFER", "-dNOPAUSE", "-dBATCH"] + pages + ["-sOutputFile=/proc/self/fd/1"]
        + parts.indices.map(Program.file), files: parts)
  }

  /// The same as PDF, for those who want no TIFF.
  public static func document(_ fax: [UInt8]) -> Program { Program("tiff2pdf", [Program.file(0)], files: [fax]) }

  /// All that stands on its pages.
  public func said(_ order: Order) -> String {
    let cover = cover.map { $0.markup(to: order.to, reference: order.reference, date: "") } ?? ""
    return cover + order.text
  }

  /// Points from the edge: what fax machines cut off is less.
  private static let margin = 56

  private func layout(_ markup: String, size: Int) -> Program {
    let margins = ["top", "bottom", "left", "right"].map { "--\($0)-margin=\(FaxPages.margin)" }
    return Program(
      "paps", ["--markup", "--encoding=UTF-8", "--paper=\(paper.rawValue)", "--font=Sans \(size)"] + margins,
      input: Array(markup.utf8))
  }

  /// Without what markup would read, and without what no page can show.
  static func escaped(_ text: String) -> String {
    var out = ""
    var last: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      defer { last = scalar }
      switch scalar {
      case "\n" where last == "\r": continue
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\n", "\t": out.unicodeScalars.append(scalar)
      case "\r", "\u{2028}", "\u{2029}": out += "\n"
      default: if scalar.properties.generalCategory != .control { out.unicodeScalars.append(scalar) }
      }
    }
    return out
  }
}
