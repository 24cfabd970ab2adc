import Digest
import Fax
import Gateways
import HTTP
import JSON
import Testing
import Values

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// The ready descriptions, with the examples of the pages that each of them names as its source.
@Suite struct ProviderTests {
  private static let filled = ["kannel": [], "aliyun": [], "twilio": ["accountSid"], "tencent": ["sdkAppId"]]

  private func gateway(_ name: String) throws -> GatewayDescription {
    let values = ["accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sdkAppId": "1400006666"]
    return try ready(name, filling: Self.filled[name]!.map { ("\"\($0)\": \"\"", "\"\($0)\": \"\(values[$0]!)\"") })
  }

  private func read(
    _ gateway: GatewayDescription, _ name: String, _ body: String, headers: [HTTPField] = []
  ) throws -> CallBackReading {
    let secret = headers.isEmpty ? "/s3cret" : ""
    let call = CallBack(
      method: "POST", path: "/\(gateway.name)/\(name)\(secret)", headers: headers, body: Array(body.utf8))
    return try gateway.read(call, reachedAt: "https://hooks.example", secrets: { _ in "s3cret" })
  }

  @Test("each names its sources, and is refused until the firm has filled in what is its own", arguments: filled.keys)
  func files(name: String) throws {
    let text = try source(name)
    #expect(text.contains(#""page": "https://"#) && text.contains(#""read": "2026-"#))
    let constants = Self.filled[name]!
    let refusal = described(text).refusal
    #expect(refusal == constants.first.map { "constants.\($0) empty" })
    let gateway = try gateway(name)
    #expect(gateway.name == name && gateway.http?.callBacks["receipts"]?.kind == .receipts)
    #expect(gateway.http?.callBacks["messages"]?.kind == .messages)
  }

  @Test("every description that lies there is looked at")
  func all() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: gatewaysFolder)
    let names = files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    #expect(Set(names) == Set(Self.filled.keys).union(["relay", "hylafax"]))
    #expect(try ready("relay").mail != nil)
    let hylafax = try ready("hylafax")
    #expect(hylafax.hylafax?.sendFax.server == "127.0.0.1:4559" && hylafax.callBacks["states"]?.kind == .receipts)
    for server in ["-x", "a b", "root@fax"] {
      let refusal = described(try source("hylafax").replacing("127.0.0.1:4559", with: server)).refusal
      #expect(refusal == "hylafax.server not-a-host")
    }
  }

  // MARK: Twilio

  @Test("Twilio: the message of its document, authorized and with its call-back")
  func twilioRequest() throws {
    let gateway = try gateway("twilio")
    let request = try gateway.request(
      order("Hello! 👍", to: "+14155552345") {
        $0.from = "+14155552345"
        $0.validity = .seconds(86_400)
        $0.callBack = "https://example.com"
      }, ["AUTH_TOKEN": "token"]
    ).get()
    #expect(
      request.url
        == "https://api.twilio.com/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Messages.json")
    #expect(
      request.text == """
        To=%2B14155552345&From=%2B14155552345&Body=Hello%21%20%F0%9F%91%8D&ValidityPeriod=36000\
        &StatusCallback=https%3A%2F%2Fexample.com%2Ftwilio%2Freceipts
        """)
    #expect(request.header("authorization") == "Basic QUNhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYTp0b2tlbg==")
    #expect(gateway.request(order(), ["AUTH_TOKEN": "token"]).refusal == "request.form.From missing")
  }

  @Test("Twilio: its example answers and errors")
  func twilioAnswers() throws {
    let gateway = try gateway("twilio")
    let created = #"""
      {"account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "api_version": "2010-04-01", "body": "Hello! 👍",
       "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", "error_code": null, "error_message": null,
       "from": "+14155552345", "num_media": "0", "num_segments": "1", "price": null, "price_unit": null,
       "messaging_service_sid": "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sid": "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "status": "queued",
       "to": "+14155552345", "uri": "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Messages/SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"}
      """#
    #expect(gateway.verdict(201, created) == .accepted(ids: ["SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]))
    let invalid = #"""
      {"code": 21211, "message": "The 'To' number 5551234567 is not a valid phone number.",
       "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400}
      """#
    #expect(
      gateway.verdict(400, invalid)
        == .refused(Refused(kind: .recipient, code: "21211", detail: "The 'To' number … is not a valid phone number.")))
    let wrong =
      #"{"status": 401, "message": "Authenticate", "code": 20003, "more_info": "http://www.twilio.com/docs/errors/20003"}"#
    #expect(gateway.verdict(401, wrong) == .refused(Refused(kind: .gateway, code: "20003", detail: "Authenticate")))
    let many =
      #"{"code": 20429, "message": "Too many requests. Please retry according to the Retry-After response header."}"#
    guard case .refused(let refused) = gateway.verdict(429, many, headers: [HTTPField("retry-after", "2")]) else {
      Issue.record("429 is no refusal")
      return
    }
    #expect(refused.kind == .busy && refused.retryAfter == .seconds(2))
    for status in [400, 403, 500, 503] {
      guard case .uncertain = gateway.verdict(status, #"{"code": 30999, "message": "?"}"#) else {
        Issue.record("\(status) proves something")
        continue
      }
    }
  }

  /// The signature is Twilio's published example: token 12345, this address, these fields.
  @Test("Twilio: the signature of its example is admitted, another is not")
  func twilioSignature() throws {
    let text = try source("twilio").replacing(#""accountSid": """#, with: #""accountSid": "AC1""#)
      .replacing(#""name": "twilio""#, with: #""name": "myapp""#)
    let gateway = try described(text).get()
    // The address of the example has no room for ours: its base takes all of it but what we call back with.
    let form = "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE"
    let signed =
      "https://mycompany.com/myapp/receipts?foo=1&bar=2CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
    let code = HashAlgorithm.sha1.code(of: Array(signed.utf8), key: Array("12345".utf8))
    let ours = Base64.text(code)
    let published = signed.replacing("/myapp/receipts", with: "/myapp.php")
    #expect(
      Base64.text(HashAlgorithm.sha1.code(of: Array(published.utf8), key: Array("12345".utf8)))
        == "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    func read(_ signature: String) throws -> CallBackReading {
      let call = CallBack(
        method: "POST", path: "/myapp/receipts", query: "foo=1&bar=2",
        headers: [HTTPField("x-twilio-signature", signature)], body: Array(form.utf8))
      return try gateway.read(call, reachedAt: "https://mycompany.com", secrets: { _ in "12345" })
    }
    // It is no receipt, but it is Twilio's.
    #expect(try read(ours).passedOver.map(\.reason) == ["missing"])
    #expect(throws: CallBackRefusal.self) { try read("RSOYDt4T1cUTdK1PDd93/VVr8B8=") }
  }

  @Test("Twilio: statuses and inbound messages")
  func twilioCallBacks() throws {
    let gateway = try gateway("twilio")
    func signed(_ name: String, _ form: String, _ joined: String) throws -> CallBackReading {
      let code = HashAlgorithm.sha1.code(
        of: Array("https://hooks.example/twilio/\(name)\(joined)".utf8), key: Array("s3cret".utf8))
      return try read(gateway, name, form, headers: [HTTPField("x-twilio-signature", Base64.text(code))])
    }
    let receipt = try signed(
      "receipts", "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003",
      "ErrorCode30003MessageSidSM1MessageStatusundelivered")
    #expect(receipt.receipts == [Receipt(id: "SM1", reference: nil, status: .failed, code: "30003")])
    let message = try signed(
      "messages", "MessageSid=SM2&From=%2B14158675309&To=%2B18005551212&Body=STOP",
      "BodySTOPFrom+14158675309MessageSidSM2To+18005551212")
    #expect(message.messages == [InboundMessage(id: "SM2", from: "+14158675309", to: "+18005551212", text: "STOP")])
    #expect(message.answer.body == "<Response></Response>")
  }

  // MARK: Alibaba Cloud

  @Test("Alibaba Cloud: a registered text, signed over its parameters by name")
  func aliyunRequest() throws {
    let gateway = try gateway("aliyun")
    let registered = order("您的验证码是1234", to: "+8615900000000") {
      $0.signature = "阿里云"
      $0.providerTemplate = "SMS_153055065"
      $0.variables = [("code", "1234")]
    }
    let secrets = ["ACCESS_KEY_ID": "YourAccessKeyId", "ACCESS_KEY_SECRET": "YourAccessKeySecret"]
    let request = try gateway.request(registered, secrets).get()
    #expect(
      request.url == """
        https://dysmsapi.aliyuncs.com/?PhoneNumbers=15900000000&SignName=%E9%98%BF%E9%87%8C%E4%BA%91\
        &TemplateCode=SMS_153055065&TemplateParam=%7B%22code%22%3A%221234%22%7D&OutId=m-1.1
        """)
    #expect(request.method == "POST" && request.body.isEmpty && request.header("x-acs-date") == "2026-01-31T09:30:00Z")
    let nonce = try #require(request.header("x-acs-signature-nonce"))
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    let names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    let canonical = """
      POST
      /
      OutId=m-1.1&PhoneNumbers=15900000000&SignName=%E9%98%BF%E9%87%8C%E4%BA%91&TemplateCode=SMS_153055065\
      &TemplateParam=%7B%22code%22%3A%221234%22%7D
      host:dysmsapi.aliyuncs.com
      x-acs-action:SendSms
      x-acs-content-sha256:\(empty)
      x-acs-date:2026-01-31T09:30:00Z
      x-acs-signature-nonce:\(nonce)
      x-acs-version:2017-05-25

      \(names)
      \(empty)
      """
    let toSign = "ACS3-HMAC-SHA256\n" + hex(HashAlgorithm.sha256.hash(of: Array(canonical.utf8)))
    let code = HashAlgorithm.sha256.code(of: Array(toSign.utf8), key: Array("YourAccessKeySecret".utf8))
    #expect(
      request.header("authorization")
        == "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=\(names),Signature=\(hex(code))")
    #expect(gateway.request(order(), secrets).refusal == "request.query.SignName missing")
    #expect(gateway.serves(country: "CN", purpose: .marketing) && !gateway.serves(country: "SG", purpose: .marketing))
  }

  @Test(
    "Alibaba Cloud: its example answers and errors",
    arguments: [
      (
        200,
        #"{"Message":"OK","RequestId":"2184201F-BFB3-446B-B1F2-C746B7BF0657","BizId":"197703245997295588^0","Code":"OK"}"#,
        "accepted 197703245997295588^0"
      ),
      (
        200,
        #"{"Message":"触发天级流控Permits:10","RequestId":"C0A0BE93-B44F-4350-BCC8-B677F78C3802","Code":"isv.BUSINESS_LIMIT_CONTROL"}"#,
        "busy isv.BUSINESS_LIMIT_CONTROL"
      ),
      (
        400,
        #"{"RequestId":"540CFF28-407A-40B5-B6A5-74Bxxxxxxxxx","Code":"MissingParameter.CommandId","Message":"Missing Param"}"#,
        "message MissingParameter.CommandId"
      ),
      (
        404,
        #"{"RequestId":"8906582E-6722-409A-A6C4-0E7863B733A5","Code":"InvalidAccessKeyId.NotFound","Message":"The Access Key ID provided does not exist in our records."}"#,
        "gateway InvalidAccessKeyId.NotFound"
      ),
      (200, #"{"Code":"isv.MOBILE_NUMBER_ILLEGAL"}"#, "recipient isv.MOBILE_NUMBER_ILLEGAL"),
      (200, #"{"Code":"isv.OUT_OF_SERVICE"}"#, "gateway isv.OUT_OF_SERVICE"),
      (200, #"{"Code":"isp.RAM_PERMISSION_DENY"}"#, "gateway isp.RAM_PERMISSION_DENY"),
      (200, #"{"Code":"isv.SMS_CONTENT_ILLEGAL"}"#, "message isv.SMS_CONTENT_ILLEGAL"),
      (400, #"{"Code":"Throttling.User"}"#, "busy Throttling.User"),
      (200, #"{"Code":"isp.SYSTEM_ERROR"}"#, "uncertain"), (500, #"{"Code":"InternalError"}"#, "uncertain"),
      (503, #"{"Code":"ServiceUnavailable"}"#, "uncertain"),
      (200, "{}", "uncertain"),
    ])
  func aliyunAnswers(status: Int, body: String, expected: String) throws {
    #expect(shown(try gateway("aliyun").verdict(status, body)) == expected)
  }

  @Test("Alibaba Cloud: its example reports and inbound messages, several in one")
  func aliyunCallBacks() throws {
    let gateway = try gateway("aliyun")
    let reports = try read(
      gateway, "receipts",
      #"""
      [{"phone_number" : "1381111****", "send_time" : "2017-01-01 00:00:00", "report_time" : "2017-01-01 00:00:00", "success" : true,
        "err_code" : "DELIVERED", "err_msg" : "用户接收成功", "sms_size" : "1", "biz_id" : "12345********", "out_id" : "67890**"},
       {"success" : false, "err_code" : "MK:0001", "biz_id" : "2"}]
      """#)
    #expect(
      reports.receipts == [
        Receipt(id: "12345********", reference: "67890**", status: .delivered, code: "DELIVERED"),
        Receipt(id: "2", reference: nil, status: .failed, code: "MK:0001"),
      ])
    #expect(reports.answer.body == #"{"code":0,"msg":"接收成功"}"#)
    let inbound = try read(
      gateway, "messages",
      #"""
      [{"phone_number" : "1381111****", "content" : "内容", "send_time" : "2017-09-01 00:00:00", "dest_code" : "1234", "sequence_id" : "1234567890"}]
      """#)
    #expect(inbound.messages == [InboundMessage(id: "1234567890", from: "1381111****", to: "1234", text: "内容")])
  }

  // MARK: Tencent Cloud

  @Test("Tencent Cloud: the request of its example")
  func tencentRequest() throws {
    let gateway = try gateway("tencent")
    let request = try gateway.request(
      order("您的验证码是4370", to: "+8618501234444", reference: "outsid_1729495320_1011") {
        $0.signature = "腾讯云"
        $0.providerTemplate = "1110"
        $0.variables = [("1", "4370")]
      }, ["SECRET_ID": "AKID", "SECRET_KEY": "key"]
    ).get()
    #expect(
      request.text
        == #"""
        {"PhoneNumberSet":["+8618501234444"],"SmsSdkAppId":"1400006666","SignName":"腾讯云","TemplateId":"1110",
        "TemplateParamSet":["4370"],"SessionContext":"outsid_1729495320_1011"}
        """#.replacing("\n", with: ""))
    #expect(request.url == "https://sms.tencentcloudapi.com/" && request.header("x-tc-action") == "SendSms")
    #expect(request.header("x-tc-version") == "2021-01-11" && request.header("x-tc-timestamp") == "1769851800")
    #expect(request.headers.filter { $0.name.lowercased() == "content-type" }.count == 1)
    let authorization = try #require(request.header("authorization"))
    #expect(
      authorization.hasPrefix(
        "TC3-HMAC-SHA256 Credential=AKID/2026-01-31/sms/tc3_request, SignedHeaders=content-type;host, Signature="))
  }

  @Test(
    "Tencent Cloud: its example answers and errors",
    arguments: [
      (
        #"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8618501234444","Fee":1,"SessionContext":"outsid_1729495320_1011","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6-cf91-4f3e-a81f-9198114a2279"}}"#,
        "accepted 5000:1045710669157053657849499619"
      ),
      (
        #"{"Response":{"SendStatusSet":[{"SerialNo":"","PhoneNumber":"+8618501234444","Fee":0,"SessionContext":"","Code":"FailedOperation.TemplateParamSetNotMatchApprovedTemplate","Message":"request content does not match the template content","IsoCode":""}],"RequestId":"4e394811-9ebd-4d66-98ee-730b21c4a681"}}"#,
        "message FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
      ),
      (
        #"{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"The provided credentials could not be validated. Please check your signature is correct."},"RequestId":"ed93f3cb-f35e-473f-b9f3-0d451b8b79c6"}}"#,
        "gateway AuthFailure.SignatureFailure"
      ),
      (#"{"Response":{"Error":{"Code":"RequestLimitExceeded"}}}"#, "busy RequestLimitExceeded"),
      (
        #"{"Response":{"SendStatusSet":[{"Code":"LimitExceeded.PhoneNumberDailyLimit"}]}}"#,
        "busy LimitExceeded.PhoneNumberDailyLimit"
      ),
      (
        #"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.PhoneNumberInBlacklist"}]}}"#,
        "recipient FailedOperation.PhoneNumberInBlacklist"
      ),
      (
        #"{"Response":{"SendStatusSet":[{"Code":"InvalidParameterValue.IncorrectPhoneNumber"}]}}"#,
        "recipient InvalidParameterValue.IncorrectPhoneNumber"
      ),
      (
        #"{"Response":{"SendStatusSet":[{"Code":"InvalidParameterValue.ContentLengthLimit"}]}}"#,
        "message InvalidParameterValue.ContentLengthLimit"
      ),
      (
        #"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.InsufficientBalanceInSmsPackage"}]}}"#,
        "gateway FailedOperation.InsufficientBalanceInSmsPackage"
      ),
      (#"{"Response":{"SendStatusSet":[{"Code":"InternalError.Timeout"}]}}"#, "uncertain"),
      (#"{"Response":{"Error":{"Code":"InternalError"}}}"#, "uncertain"),
      (#"{"Response":{"SendStatusSet":[]}}"#, "uncertain"),
    ])
  func tencentAnswers(body: String, expected: String) throws {
    #expect(shown(try gateway("tencent").verdict(200, body)) == expected)
  }

  @Test("Tencent Cloud: its example reports and replies")
  func tencentCallBacks() throws {
    let gateway = try gateway("tencent")
    let reports = try read(
      gateway, "receipts",
      #"""
      [{"user_receive_time": "2015-10-17 08:03:04", "nationcode": "86", "mobile": "13xxxxxxxxx", "report_status": "SUCCESS",
        "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "xxxxxxx"}]
      """#)
    #expect(reports.receipts == [Receipt(id: "xxxxxxx", reference: nil, status: .delivered, code: "DELIVRD")])
    #expect(reports.answer.body == #"{"result":0,"errmsg":"OK"}"#)
    let reply = try read(
      gateway, "messages",
      #"""
      {"extend": "扩展码", "mobile": "13xxxxxxxxx", "nationcode": "86", "sign": "短信签名", "text": "用户回复的内容", "time": 1457336869}
      """#)
    #expect(reply.messages == [InboundMessage(id: nil, from: "+8613xxxxxxxxx", to: "扩展码", text: "用户回复的内容")])
  }

  // MARK: Parts

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  private func shown(_ verdict: Verdict) -> String {
    switch verdict {
    case .accepted(let ids): "accepted \(ids.joined(separator: " "))"
    case .refused(let refused): "\(refused.kind.rawValue) \(refused.code ?? "-")"
    case .uncertain: "uncertain"
    }
  }
}

/// RFC 4648, 4, a second time: what is tested here is not asked what is right.
private enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

  static func text(_ bytes: [UInt8]) -> String {
    let bits = bytes.map { byte in (0..<8).reversed().map { byte >> $0 & 1 } }.joined()
    let groups = stride(from: 0, to: bits.count, by: 6).map { Array(Array(bits)[$0..<min($0 + 6, bits.count)]) }
    let text = groups.map { group in
      digits[(group + Array(repeating: 0, count: 6 - group.count)).reduce(0) { $0 << 1 | Int($1) }]
    }
    return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
  }
}
