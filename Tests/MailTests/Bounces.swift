/// What mail servers send back, as they write it; MARK stands for the mark of `m12.1`, OPEN for that of a link.
enum Bounces {
  static let postfix = """
    Return-Path: <>
    X-Original-To: bounces+MARK@mail.firm.example
    Delivered-To: bounces@mail.firm.example
    Received: by mx.firm.example (Postfix) id 4F0A; Sat, 31 Jan 2026 09:30:05 +0000 (UTC)
    Date: Sat, 31 Jan 2026 09:30:05 +0000 (UTC)
    From: MAILER-DAEMON@relay.example (Mail Delivery System)
    Subject: Undelivered Mail Returned to Sender
    To: bounces+MARK@mail.firm.example
    Auto-Submitted: auto-replied
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="4F0A.1769851805/relay.example"
    Content-Transfer-Encoding: 8bit
    Message-Id: <20260131093005.4F0A@relay.example>

    This is a MIME-encapsulated message.

    --4F0A.1769851805/relay.example
    Content-Description: Notification
    Content-Type: text/plain; charset=us-ascii

    This is the mail system at host relay.example.

    <zhang.wei@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1
        <zhang.wei@example.com>: Recipient address rejected: User unknown

    --4F0A.1769851805/relay.example
    Content-Description: Delivery report
    Content-Type: message/delivery-status

    Reporting-MTA: dns; relay.example
    X-Postfix-Queue-ID: 4F0A
    X-Postfix-Sender: rfc822; bounces+MARK@mail.firm.example
    Arrival-Date: Sat, 31 Jan 2026 09:30:01 +0000 (UTC)

    Final-Recipient: rfc822; zhang.wei@example.com
    Original-Recipient: rfc822;zhang.wei@example.com
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.example.com
    Diagnostic-Code: smtp; 550 5.1.1 <zhang.wei@example.com>: Recipient address
        rejected: User unknown 13812345678

    --4F0A.1769851805/relay.example
    Content-Description: Undelivered Message Headers
    Content-Type: text/rfc822-headers

    Message-ID: <m99.9.abcdefghijklmnop@mail.firm.example>

    --4F0A.1769851805/relay.example--
    """

  /// Addresses are not those that the mail was sent from: the mail that is sent back says what it is.
  static let exchange = """
    From: Microsoft Outlook <MicrosoftExchange329e@firm.example>\r
    To: news@firm.example\r
    Subject: Undeliverable: Statement\r
    Content-Type: multipart/report; report-type=delivery-status;\r
    \tboundary="_9d1e6b6f-7c8f_"\r
    Auto-Submitted: auto-replied\r
    \r
    --_9d1e6b6f-7c8f_\r
    Content-Type: multipart/alternative; differences=Content-Type; boundary="_b_"\r
    \r
    --_b_\r
    Content-Type: text/plain; charset="us-ascii"\r
    Content-Transfer-Encoding: quoted-printable\r
    \r
    Your message couldn't be delivered.\r
    --_b_--\r
    --_9d1e6b6f-7c8f_\r
    Content-Type: message/delivery-status\r
    \r
    Reporting-MTA: dns;SY4PR01.example\r
    Received-From-MTA: dns;mx.firm.example\r
    Arrival-Date: Sat, 31 Jan 2026 09:30:05 +0000\r
    \r
    Final-Recipient: rfc822;li.na@example.com\r
    Action: failed\r
    Status: 5.1.10\r
    Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r
    \r
    \r
    --_9d1e6b6f-7c8f_\r
    Content-Type: message/rfc822\r
    \r
    From: Firm <news@firm.example>\r
    Message-ID: <MARK@mail.firm.example>\r
    Subject: Statement\r
    \r
    Hello.\r
    --_9d1e6b6f-7c8f_--\r

    """

  /// A delay first; the status says less than the words.
  static let gmail = """
    Delivered-To: bounces+MARK@mail.firm.example
    Return-Path: <>
    From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
    To: bounces+MARK@mail.firm.example
    Auto-Submitted: auto-replied
    Subject: Delivery Status Notification (Delay)
    Content-Type: multipart/report; boundary="000000000000a1b2c3"; report-type=delivery-status

    --000000000000a1b2c3
    Content-Type: multipart/related; boundary="000000000000a1b2c4"

    --000000000000a1b2c4
    Content-Type: text/plain; charset="UTF-8"

    There was a temporary problem.

    --000000000000a1b2c4--
    --000000000000a1b2c3
    Content-Type: message/delivery-status

    Reporting-MTA: dns; googlemail.com
    Arrival-Date: Sat, 31 Jan 2026 01:30:05 -0800 (PST)

    Final-Recipient: rfc822; wang.fang@example.com
    Action: delayed
    Status: 4.0.0
    Diagnostic-Code: smtp; 452-4.2.2 The recipient's inbox is out of storage space.
    Will-Retry-Until: Tue, 03 Feb 2026 01:30:05 -0800 (PST)

    --000000000000a1b2c3--
    """

  static let qmail = """
    Return-Path: <>
    Delivered-To: bounces+MARK@mail.firm.example
    Received: (qmail 12345 invoked for bounce); 31 Jan 2026 09:30:05 -0000
    Date: 31 Jan 2026 09:30:05 -0000
    From: MAILER-DAEMON@mx.example.com
    To: bounces+MARK@mail.firm.example
    Subject: failure notice

    Hi. This is the qmail-send program at mx.example.com 2.1.0.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <zhao@example.com>:
    Sorry, no mailbox here by that name. (#5.1.1)

    --- Below this line is a copy of the message.
    """

  static let exim = """
    Return-path: <>
    Envelope-to: bounces+MARK@mail.firm.example
    X-Failed-Recipients: chen@example.com
    Auto-Submitted: auto-replied
    From: Mail Delivery System <Mailer-Daemon@mx.example.com>
    To: bounces+MARK@mail.firm.example
    Subject: Mail delivery failed: returning message to sender

    This message was created automatically by mail delivery software.

      chen@example.com
        host mx.example.com [192.0.2.1]
        SMTP error from remote mail server after RCPT TO:<chen@example.com>:
        mailbox unavailable
    """

  /// In markup alone, and in Chinese.
  static let qq = """
    Delivered-To: bounces+MARK@mail.firm.example
    From: "PostMaster@qq.com" <PostMaster@qq.com>
    To: bounces+MARK@mail.firm.example
    Subject: =?gb18030?B?z7XNs83L0MU=?=
    Content-Type: multipart/mixed; boundary="----=_NextPart_1"

    ------=_NextPart_1
    Content-Type: text/html; charset="gb18030"
    Content-Transfer-Encoding: base64

    PHA+tdjWtyA8Yj4xMDAwMUBxcS5jb208L2I+ILK7tObU2jogNTUwIDUuMS4xPC9wPg==
    ------=_NextPart_1--
    """

  static let complaint = """
    From: <abuse@provider.example>
    Date: Sat, 31 Jan 2026 10:00:00 +0000
    Subject: FW: Statement
    To: <complaints@mail.firm.example>
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=feedback-report; boundary="part1_13d"

    --part1_13d
    Content-Type: text/plain; charset="US-ASCII"

    This is an email abuse report.

    --part1_13d
    Content-Type: message/feedback-report

    Feedback-Type: abuse
    User-Agent: SomeGenerator/1.0
    Version: 1
    Original-Mail-From: <bounces+MARK@mail.firm.example>
    Arrival-Date: Sat, 31 Jan 2026 17:30:05 +0800

    --part1_13d
    Content-Type: message/rfc822

    From: <news@firm.example>
    Message-ID: <other@mail.firm.example>
    List-Unsubscribe: <https://links.firm.example/o/unsubscribe/OPEN>
    Subject: Statement

    Hello.
    --part1_13d--
    """

  static let away = """
    Return-Path: <>
    Delivered-To: bounces+MARK@mail.firm.example
    From: Zhang Wei <zhang.wei@example.com>
    To: bounces+MARK@mail.firm.example
    Subject: Automatic reply: Statement
    Auto-Submitted: auto-replied

    I am away until 5.1.1.
    """
}
