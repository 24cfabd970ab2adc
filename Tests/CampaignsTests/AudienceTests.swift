import Campaigns
import Postgres
import Templates
import TestKit
import Testing

@Suite struct AudienceTests {
  @Test("each person's first obstacle is what becomes of them, in the order that is promised")
  func obstacles() throws {
    try Firm.open { firm in
      try firm.add(
        Customer(1, ["level": "'gold'", "risk_rating": "'C3'"]),
        Customer(2, ["level": "'gold'", "risk_rating": "'C2'"]),
        Customer(3, ["level": "'gold'"]),
        Customer(4, phone: 8_613_900_000_004, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(5, ["level": "'gold'", "risk_rating": "'C5'", "refused": "4"]),
        Customer(6, consents: false, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(7, phone: 8_613_800_000_001, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(8, name: nil, ["level": "'gold'", "risk_rating": "'C5'"]), Customer(9, ["level": "'silver'"]))
      try firm.session.run(
        script: """
          delete from customer_phone where customer_id = 4;
          insert into suppression (channel, address, reason) values ('sms', '+8613800000006', 'opted-out'),
            ('sms', '+8613800000006', 'bounced')
          """)
      #expect(
        try firm.outcomes(.of("level = gold", .customers, #", "product": {"code": "BOND-7", "risk": 3}"#)) == [
          "1 send", "2 unsuitable", "3 unsuitable", "4 no-address", "5 consent-refused", "6 bounced",
          "7 duplicate-address",
          "8 missing-variable",
        ])
      try firm.session.run(script: "delete from suppression where reason = 'bounced'")
      #expect(try firm.outcomes(.of("number is unknown and level = gold"))[5] == "6 opted-out")
      try firm.session.run(script: "update suppression set lifted_at = now(), lifted_by = 'test'")
      #expect(try firm.outcomes(.of("level = gold"))[5] == "6 no-consent")
      try firm.session.run(
        script: "insert into contact_policy (channel, purpose, without_consent) values ('all', 'marketing', true)")
      #expect(try firm.outcomes(.of("level = gold"))[5] == "6 send")
    }
  }
}
