"""`python_async`: a careful sender by hand. Claims 500 messages in one transaction, with consent and suppression looked up, calls the
gateway for 256 at once over kept connections (aiohttp), and records each 500 in one more. At least once: what is claimed when it is
killed is sent again by whoever resets it."""

import asyncio
import os
import sys

import aiohttp
import orjson
import psycopg

CLAIM = """
update message m set state = 'sending', attempt = attempt + 1, claimed_at = clock_timestamp()
from (
  select id from message where gateway = 'measured' and state = 'queued' and due_at <= now()
  order by priority, due_at limit 500 for update skip locked) d
where m.id = d.id
  and not exists (select from suppression s where s.channel = 'sms' and s.address = '+' || m.phone and s.lifted_at is null)
  and not exists (select from customer_phone p join customer c on c.id = p.customer_id
    where p.phone = m.phone and c.refused & (1 << consent_slot('sms', m.purpose)) <> 0)
returning m.id, m.phone, m.body
"""
RECORD = """
update message m set state = 'accepted', accepted_at = clock_timestamp()
from unnest(%s::bigint[]) a (id) where m.id = a.id and m.state = 'sending'
"""
SUBMIT = """
insert into submission (gateway, provider_id, message_id, attempt, told_at)
select 'measured', *, 1, clock_timestamp() from unnest(%s::text[], %s::bigint[])
"""


async def main(url):
    connection = await psycopg.AsyncConnection.connect(autocommit=False)
    await connection.execute("set search_path to millrace, public")
    await connection.commit()
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as session:

        async def call(message):
            number, phone, body = message
            data = orjson.dumps({"to": f"+{phone}", "text": body, "reference": f"m{number}.1"})
            async with session.post(url, data=data, headers={"content-type": "application/json"}) as answer:
                said = orjson.loads(await answer.read())
                return (number, said["id"]) if answer.status == 200 and said["code"] == "OK" else None

        async def record(taken):
            async with connection.transaction():
                await connection.execute(RECORD, [[number for number, _ in taken]])
                await connection.execute(SUBMIT, [[name for _, name in taken], [number for number, _ in taken]])

        while True:
            async with connection.transaction():
                claimed = await (await connection.execute(CLAIM)).fetchall()
            if not claimed:
                await asyncio.sleep(0.1)
                continue
            taken = [one for one in await asyncio.gather(*map(call, claimed)) if one]
            await record(taken)


os.environ.setdefault("PGAPPNAME", "python_async")
asyncio.run(main(sys.argv[1]))
