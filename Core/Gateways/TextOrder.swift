public import ShortMessages

/// A short message as its gateway is to get it: checked, rendered and decided. One order is one attempt.
public struct TextOrder: Sendable {
  /// Ours; unique to message and attempt.
  public var reference: String
  /// E.164 with its plus.
  public var to: String
  /// nil is the gateway's own.
  public var from: String?
  /// Without the signature.
  public var text: String
  /// The name alone, as registered; its brackets are put around it.
  public var signature: String?
  /// The gateway's name of the registered text that `text` was rendered from.
  public var providerTemplate: String?
  /// In the order in which the registered text has them, as they were rendered.
  public var variables: [(name: String, value: String)]
  /// Of the text with its signature.
  public var encoding: ShortMessage.Encoding
  /// Of the text with its signature.
  public var parts: Int
  /// Of a fax: its pages, as PDF.
  public var document: [UInt8]?
  /// nil is the gateway's own.
  public var validity: Duration?
  /// Where `receive-receipts` is reached from outside, without a slash at its end; nil where nobody is to call back.
  public var callBack: String?

  public init(
    reference: String, to: String, from: String? = nil, text: String, signature: String? = nil,
    providerTemplate: String? = nil, variables: [(name: String, value: String)] = [], encoding: ShortMessage.Encoding,
    parts: Int, document: [UInt8]? = nil, validity: Duration? = nil, callBack: String? = nil
  ) {
    self.reference = reference
    self.to = to
    self.from = from
    self.text = text
    self.signature = signature
    self.providerTemplate = providerTemplate
    self.variables = variables
    self.encoding = encoding
    self.parts = parts
    self.document = document
    self.validity = validity
    self.callBack = callBack
  }
}
