package import Tables

/// What a column of a list of leads may hold, with the headings that mean it. `Topics/README.md` has the same table.
package enum LeadsImportFields {
  package static let all = [
    TableField(
      "phone",
      [
        "手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "移动电话", "mobile", "mobilephone",
        "mobilenumber", "phonenumber", "telephone", "tel", "cell",
      ], required: true),
    TableField("name", ["姓名", "名字", "客户姓名", "客户名称", "联系人", "fullname", "customername", "contact"]),
    TableField("source", ["来源", "渠道", "线索来源", "来源渠道", "channel", "leadsource"]),
    TableField("level", ["等级", "客户等级", "级别", "grade", "tier"]),
    TableField("product", ["产品", "意向产品", "产品名称", "感兴趣产品", "业务", "interest", "productname"]),
    TableField("language", ["语言", "语种", "lang", "preferredlanguage"]),
    TableField("value", ["金额", "意向金额", "资产", "资产规模", "价值", "amount", "assets"]),
    TableField("currency", ["币种", "货币", "ccy"]),
    TableField("idNumber", ["证件号码", "证件号", "身份证", "身份证号", "身份证号码", "id", "idno", "identitynumber"]),
    TableField("idType", ["证件类型", "证件种类", "idkind", "documenttype"]),
    TableField("customerNumber", ["客户号", "客户编号", "客户号码", "资金账号", "customerno", "customerid", "clientnumber"]),
    TableField("country", ["国家", "国家代码", "国别", "countrycode"]),
  ]

  /// Documents as people name them, and as events do.
  static let documents = [
    "身份证": "resident", "居民身份证": "resident", "护照": "passport", "港澳通行证": "hk-macao-permit",
    "港澳居民来往内地通行证": "hk-macao-permit", "回乡证": "hk-macao-permit", "台胞证": "taiwan-permit",
    "台湾居民来往大陆通行证": "taiwan-permit", "营业执照": "organisation", "统一社会信用代码": "organisation", "其他": "other",
  ]

  /// As people write languages, and as BCP 47 does.
  static let languages = [
    "中文": "zh", "汉语": "zh", "普通话": "zh", "国语": "zh", "chinese": "zh", "mandarin": "zh", "粤语": "yue",
    "广东话": "yue", "cantonese": "yue", "英文": "en", "英语": "en", "english": "en", "日语": "ja", "日文": "ja",
    "japanese": "ja", "韩语": "ko", "korean": "ko",
  ]
}
