import JSON
import Templates
import Values

/// What comes of a template and values written as JSON: the text, or why there is none.
func rendered(
  _ source: String, _ values: String = "{}", as context: Template.Context = .text, in tag: String = "zh-CN",
  zone: TemplateZone? = nil
) -> String {
  do throws(TemplateError) {
    let template = try Template(source, as: context)
    guard let locale = TemplateLocale.named(tag) else { return "no locale" }
    do throws(RenderRefusal) { return try template.render(variables(values), in: locale, zone: zone) } catch {
      return "refused: \(error)"
    }
  } catch {
    return "no template: \(error)"
  }
}

func variables(_ json: String) -> [String: TemplateValue] {
  switch read(json) {
  case .success(let values): values
  case .failure(let refusal): preconditionFailure("\(refusal)")
  }
}

func read(_ json: String) -> Result<[String: TemplateValue], Refusal> {
  Array(json.utf8).withUnsafeBytes { bytes in
    Result { () throws(Refusal) in
      try JSONTape().read(bytes) { object throws(Refusal) in try [String: TemplateValue](reading: object) }
    }
  }
}
