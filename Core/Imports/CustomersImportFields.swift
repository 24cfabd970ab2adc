package import Tables

/// What a column of a list of customers may hold, with the headings that mean it.
package enum CustomersImportFields {
  static let channels = ["sms", "email", "fax", "call"]
  static let purposes = ["transactional", "service", "marketing"]

  /// `smsMarketing`.
  static func consent(_ channel: String, _ purpose: String) -> String {
    channel + purpose.prefix(1).uppercased() + purpose.dropFirst()
  }

  private static let chinese = [
    "sms": "短信", "email": "邮件", "fax": "传真", "call": "电话", "transactional": "交易", "service": "服务", "marketing": "营销",
  ]

  package static let all =
    [
      TableField("customerId", ["客户编号", "客户代码", "客户id", "客户标识", "code", "customercode", "clientid"], required: true),
      TableField("version", ["版本", "版本号", "revision"]),
      TableField("number", ["客户号", "客户号码", "资金账号", "customernumber", "customerno", "clientnumber", "accountnumber"]),
      TableField("name", ["姓名", "名字", "客户姓名", "客户名称", "fullname", "customername"]),
      TableField("idNumber", ["证件号码", "证件号", "身份证", "身份证号", "身份证号码", "idno", "identitynumber"]),
      TableField("idType", ["证件类型", "证件类别", "idkind", "documenttype"]),
      TableField("phone", ["手机", "手机号", "手机号码", "电话", "联系电话", "移动电话", "mobile", "mobilephone", "telephone", "tel"]),
      TableField("phone2", ["电话2", "备用电话", "固定电话", "家庭电话", "otherphone", "homephone"]),
      TableField("email", ["邮箱", "电子邮箱", "邮件", "电子邮件", "mail"]),
      TableField("language", ["语言", "语种", "lang"]),
      TableField("birthday", ["生日", "出生日期", "birthdate", "dateofbirth"]),
      TableField("level", ["等级", "客户等级", "级别", "客户级别", "tier"]),
      TableField("riskRating", ["风险等级", "风险评级", "风险承受能力", "risk", "risklevel"]),
      TableField("assets", ["资产", "总资产", "资产规模", "totalassets", "aum"]),
      TableField("currency", ["币种", "货币", "ccy"]),
      TableField("assetsAsOf", ["资产日期", "资产截止日期", "asof", "assetsdate"]),
      TableField("tags", ["标签", "客户标签", "labels"]),
      TableField("branch", ["营业部", "分支机构", "机构", "开户营业部", "branchcode"]),
      TableField("manager", ["客户经理", "经理", "managercode", "relationshipmanager"]),
      TableField("status", ["状态", "客户状态"]),
      TableField("confidential", ["保密", "是否保密"]),
      TableField("consentAt", ["同意时间", "授权时间", "consenttime"]),
      TableField("consentSource", ["同意来源", "授权来源", "授权渠道"]),
    ]
    + channels.flatMap { channel in
      purposes.map { purpose in
        TableField(consent(channel, purpose), [(chinese[channel] ?? "") + (chinese[purpose] ?? "")])
      }
    }

  static let idTypes = [
    "身份证": "resident", "居民身份证": "resident", "护照": "passport", "港澳通行证": "hk-macao-permit",
    "港澳居民来往内地通行证": "hk-macao-permit", "台胞证": "taiwan-permit", "台湾居民来往大陆通行证": "taiwan-permit",
    "营业执照": "organisation", "统一社会信用代码": "organisation", "其他": "other",
  ]

  static let statuses = ["正常": "active", "休眠": "dormant", "不活跃": "dormant", "销户": "closed", "注销": "closed"]
}
