"""Mails that come back, as mail servers and mailbox providers write them, and the folder that they are delivered to."""

import itertools
import os

from links import bounce_address, link

ORIGINAL = """\
Return-Path: <{bounce}>
Received: from sender.firm.example (sender.firm.example [192.0.2.7]) by mx.example.com (Postfix) with ESMTPS id 4Vx1
From: =?utf-8?B?5YWs5Y+4?= <news@firm.example>
To: r{number}@example.com
Subject: =?utf-8?B?5pyI5oql?=
Message-ID: <{mark}@firm.example>
List-Unsubscribe: <https://links.firm.example{unsubscribe}>
"""


def original(number, attempt=1):
    bounce = bounce_address(f"m{number}.{attempt}")
    mark = bounce.partition("+")[2].partition("@")[0]
    return ORIGINAL.format(bounce=bounce, number=number, mark=mark, unsubscribe=link("unsubscribe", number))


def postfix(number, action="failed", status="5.1.1", attempt=1):
    """Postfix's notice (RFC 3464)."""
    said = "550 5.1.1 <r{n}@example.com>: Recipient address rejected: User unknown" if status == "5.1.1" else f"{status} later"
    return f"""\
Return-Path: <>
Delivered-To: {bounce_address(f"m{number}.{attempt}")}
Date: Sun, 22 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.firm.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {bounce_address(f"m{number}.{attempt}")}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Vx1.1795341600/mx.firm.example"

This is a MIME-encapsulated message.

--4Vx1.1795341600/mx.firm.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.firm.example. I'm sorry to have to inform you that your message could not be delivered.

--4Vx1.1795341600/mx.firm.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.firm.example
X-Postfix-Queue-ID: 4Vx1
Arrival-Date: Sun, 22 Nov 2026 09:59:58 +0000 (UTC)

Final-Recipient: rfc822; r{number}@example.com
Original-Recipient: rfc822;r{number}@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {said.format(n=number)}

--4Vx1.1795341600/mx.firm.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{original(number, attempt)}
--4Vx1.1795341600/mx.firm.example--
"""


def qmail(number):
    """No report at all: words."""
    return f"""\
Return-Path: <>
X-Original-To: {bounce_address(f"m{number}.1").upper()}
From: MAILER-DAEMON@qmail.example.com
To: {bounce_address(f"m{number}.1").upper()}
Subject: failure notice
Date: 22 Nov 2026 10:00:00 -0000

Hi. This is the qmail-send program at qmail.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.

<r{number}@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{original(number)}
Body
"""


def complaint(number):
    """A mailbox provider's feedback (RFC 5965), to the address that the firm has given it; the recipient is taken out."""
    return f"""\
From: <abuse@provider.example>
Date: Sun, 22 Nov 2026 10:00:00 GMT
Subject: FW: your mail
To: <complaints@mail.firm.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.7.

--part
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Arrival-Date: Sun, 22 Nov 2026 09:59:00 GMT
Source-IP: 192.0.2.7

--part
Content-Type: message/rfc822
Content-Disposition: inline

{original(number).replace(f"r{number}@example.com", "redacted@example.com")}
Body
--part--
"""


def absence(number):
    """A person's own program (RFC 3834)."""
    return f"""\
From: r{number}@example.com
To: {bounce_address(f"m{number}.1")}
Subject: Out of office: news
Auto-Submitted: auto-replied
Date: Sun, 22 Nov 2026 10:00:00 +0800

I am away until Monday.
"""


class Folder:
    """A Maildir, and the mail server that delivers to it."""

    def __init__(self, place):
        self.place = place
        self.numbers = itertools.count(1)
        for part in ("tmp", "new", "cur"):
            (place / part).mkdir(parents=True)

    def deliver(self, text):
        name = f"1795341600.M{next(self.numbers)}P{os.getpid()}.mx"
        (self.place / "tmp" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        (self.place / "tmp" / name).rename(self.place / "new" / name)

    def waiting(self):
        return len(list((self.place / "new").iterdir()))

    def dealt_with(self, flag="S"):
        return sum(path.name.endswith(f":2,{flag}") for path in (self.place / "cur").iterdir())
