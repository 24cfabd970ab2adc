import Digest
import Gateways
import HTTP
import JSON
import Testing
import Values

/// Published examples of the schemes that need steps. Where a page's request is none that sends a message, a description of
/// that request is signed: the steps are those of the ready descriptions.
@Suite struct SignatureTests {
  /// https://help.aliyun.com/document_detail/2593177.html (read 2026-11-22): fixed values, and the signature that they give.
  @Test("ACS3-HMAC-SHA256, the example of Alibaba Cloud's page")
  func alibaba() throws {
    let text = small(
      request: #"""
        {"method": "POST", "url": "https://ecs.cn-shanghai.aliyuncs.com/",
         "query": {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
         "headers": {"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26", "x-acs-date": "{{time.rfc3339}}",
          "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d", "x-acs-content-sha256": "{{step.payload}}"}}
        """#,
      more: #"""
        "steps": [{"name": "payload", "hash": "sha256", "of": ""}],
        "signature": {
          "steps": [
            {"name": "canonical", "hash": "sha256", "of": "{{request.method}}\n{{request.path}}\n{{request.query.sorted}}\nhost:{{request.host}}\nx-acs-action:{{request.header.x-acs-action}}\nx-acs-content-sha256:{{step.payload}}\nx-acs-date:{{request.header.x-acs-date}}\nx-acs-signature-nonce:{{request.header.x-acs-signature-nonce}}\nx-acs-version:{{request.header.x-acs-version}}\n\nhost;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n{{step.payload}}"},
            {"name": "signature", "hmac": "sha256", "key": "{{secret.KEY}}", "of": "ACS3-HMAC-SHA256\n{{step.canonical}}"}],
          "headers": {"Authorization": "ACS3-HMAC-SHA256 Credential={{secret.ID}},SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature={{step.signature}}"}}
        """#)
    let request = try described(text).get().http!.request(
      for: order(), at: Timestamp(rfc3339: "2023-10-26T10:22:32Z".utf8)!,
      secrets: { ["ID": "YourAccessKeyId", "KEY": "YourAccessKeySecret"][$0] })
    #expect(
      request.header("authorization") == """
        ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
        x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0
        """)
  }

  /// Tencent Cloud's page on signature v3 as its documentation repository has it (tencentyun/qcloud-documents, read
  /// 2026-11-22).
  @Test("TC3-HMAC-SHA256, the example of Tencent Cloud's page")
  func tencent() throws {
    let text = small(
      request: #"""
        {"method": "GET", "url": "https://cvm.tencentcloudapi.com/", "query": {"Limit": "10", "Offset": "0"},
         "headers": {"Content-Type": "application/x-www-form-urlencoded", "X-TC-Timestamp": "{{time.unix}}"}}
        """#,
      more: #"""
        "signature": {
          "steps": [
            {"name": "payload", "hash": "sha256", "of": "{{request.body}}"},
            {"name": "canonical", "hash": "sha256", "of": "{{request.method}}\n{{request.path}}\n{{request.query}}\ncontent-type:{{request.header.content-type}}\nhost:{{request.host}}\n\ncontent-type;host\n{{step.payload}}"},
            {"name": "date", "hmac": "sha256", "key": "TC3{{secret.KEY}}", "of": "{{time.date}}", "as": "bytes"},
            {"name": "service", "hmac": "sha256", "key": "{{step.date}}", "of": "cvm", "as": "bytes"},
            {"name": "signing", "hmac": "sha256", "key": "{{step.service}}", "of": "tc3_request", "as": "bytes"},
            {"name": "signature", "hmac": "sha256", "key": "{{step.signing}}", "of": "TC3-HMAC-SHA256\n{{time.unix}}\n{{time.date}}/cvm/tc3_request\n{{step.canonical}}"}],
          "headers": {"Authorization": "TC3-HMAC-SHA256 Credential={{secret.ID}}/{{time.date}}/cvm/tc3_request, SignedHeaders=content-type;host, Signature={{step.signature}}"}}
        """#)
    let request = try described(text).get().http!.request(
      for: order(), at: Timestamp(microseconds: 1_539_084_154_000_000),
      secrets: { ["ID": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "KEY": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"][$0] })
    #expect(
      request.header("authorization") == """
        TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2018-10-09/cvm/tc3_request, \
        SignedHeaders=content-type;host, \
        Signature=5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474
        """)
  }

  @Test("a signature over the form by name is put into the form itself")
  func form() throws {
    let text = small(
      request: #"{"method": "POST", "url": "https://a", "form": {"to": "{{to}}", "app": "7", "text": "{{text}}"}}"#,
      more: #"""
        "signature": {"steps": [{"name": "s", "hash": "sha1", "of": "{{request.form.sorted}}&key={{secret.KEY}}"}],
          "form": {"sign": "{{step.s}}"}, "query": {"sign": "{{step.s}}"}}
        """#)
    let request = try described(text).get().request(order("a b"), ["KEY": "k"]).get()
    let signed = HashAlgorithm.sha1.hash(of: Array("app=7&text=a%20b&to=%2B8613800138000&key=k".utf8))
    let sign = signed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(request.text == "to=%2B8613800138000&app=7&text=a%20b&sign=\(sign)")
    #expect(request.url == "https://a/?sign=\(sign)")
  }
}
