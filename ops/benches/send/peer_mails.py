"""`python_mails`: a careful mail sender by hand. Claims 500 mails in one transaction, with consent and suppression looked up, writes each
with Python's email package, sends over 64 kept sessions (aiosmtplib), and records each 500 in one more. At least once: what is claimed
when it is killed is sent again by whoever resets it."""

import asyncio
import os
import sys
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib
import psycopg

SESSIONS = 64
CLAIM = """
update message m set state = 'sending', attempt = attempt + 1, claimed_at = clock_timestamp()
from (
  select id from message where gateway = 'measured' and state = 'queued' and due_at <= now()
  order by priority, due_at limit 500 for update skip locked) d
where m.id = d.id
  and not exists (select from suppression s where s.channel = 'email' and s.address = m.email and s.lifted_at is null)
  and not exists (select from customer c
    where lower(c.email) = m.email and c.refused & (1 << consent_slot('email', m.purpose)) <> 0)
returning m.id, m.email, m.subject, m.body, m.html
"""
RECORD = """
update message m set state = 'accepted', accepted_at = clock_timestamp()
from unnest(%s::bigint[]) a (id) where m.id = a.id and m.state = 'sending'
"""


def written(number, to, subject, text, html):
    mail = EmailMessage()
    mail["From"] = "Firm 证券 <service@firm.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<m{number}.1@firm.example>"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


async def main(port):
    connection = await psycopg.AsyncConnection.connect(autocommit=False)
    await connection.execute("set search_path to millrace, public")
    await connection.commit()
    sessions = asyncio.Queue()
    for _ in range(SESSIONS):
        session = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=20)
        await session.connect()
        sessions.put_nowait(session)

    async def send(mail):
        number, to, *content = mail
        session = await sessions.get()
        try:
            await session.sendmail(f"bounces+m{number}.1@firm.example", [to], written(number, to, *content))
            return number
        finally:
            sessions.put_nowait(session)

    while True:
        async with connection.transaction():
            claimed = await (await connection.execute(CLAIM)).fetchall()
        if not claimed:
            await asyncio.sleep(0.1)
            continue
        taken = await asyncio.gather(*map(send, claimed))
        async with connection.transaction():
            await connection.execute(RECORD, [list(taken)])


os.environ.setdefault("PGAPPNAME", "python_mails")
asyncio.run(main(int(sys.argv[1])))
