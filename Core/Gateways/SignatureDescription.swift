internal import JSON
internal import Values

/// What is added to a request once it is built: steps over it, and the fields that their outcome is put into.
struct SignatureDescription: Sendable {
  let steps: [Step]
  let query: [RequestDescription.Field]
  let headers: [RequestDescription.Field]
  /// Of a request whose body is a form. `request.body` and `request.form` in the steps are as they were before.
  let form: [RequestDescription.Field]

  init(_ object: JSONObject, of request: RequestDescription, in scope: inout TemplateScope) throws(Refusal) {
    try object.refuseOthers("steps", "query", "headers", "form")
    let families: Set<TemplateScope.Family> = [.order, .request]
    steps = try Step.read(object, in: &scope, of: families)
    query = try RequestDescription.pairs("query", of: object, in: &scope, families)
    headers = try RequestDescription.headers(of: object, in: &scope, families)
    form = try RequestDescription.pairs("form", of: object, in: &scope, families)
    guard !(query.isEmpty && headers.isEmpty && form.isEmpty) else {
      throw Refusal("missing", at: object.path("headers"), "a signature is put into query, headers or form")
    }
    if case .form = request.body { return }
    guard form.isEmpty else {
      throw Refusal("contradiction", at: object.path("form"), "the request has no form to put it into")
    }
  }

  var templates: [FieldTemplate] { steps.flatMap(\.templates) + (query + headers + form).map(\.template) }
}
