"""Links of messages as anybody with the secret writes them, and whoever follows them."""

import base64
import hashlib
import hmac
import http.client
import json
import urllib.parse

import firm

from services import processes

SECRET = "a secret that tells our links apart"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


def mark(*said):
    """Eighty bits of an HMAC-SHA-256 over what it is said of, as RFC 4648 writes base32, in small letters."""
    code = hmac.new(SECRET.encode(), "\0".join(said).encode(), hashlib.sha256).digest()
    return base64.b32encode(code[:10]).decode().lower()


def link(kind, number, url=None):
    name = f"m{number}"
    path = f"/{kind}/{name}.{mark('link', kind, name, *([url] if url else []))}"
    return path + "/" + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=") if url else path


def bounce_address(reference):
    """Where mail comes back to that could not be delivered."""
    return f"bounces+{reference}.{mark('bounce', reference)}@mail.firm.example"


class Visitor:
    """Whoever follows links, and the settings of a receiver that knows them."""

    def __init__(self, world):
        self.port = processes.free_port()
        world.more |= {
            "RECEIPTS_PORT": self.port, "LINK_URL": "https://links.firm.example", "LINK_SECRET": SECRET, "RECEIPTS_WITHIN": "2s",
        }  # fmt: skip

    def ask(self, method, path, body=None, **fields):
        """Status, fields in lower case, and body; None where nobody answers. Goes where it is sent itself: nowhere."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        fields = {"User-Agent": CHROME, **{name.replace("_", "-"): text for name, text in fields.items()}}
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException):
            return None, {}, b""
        finally:
            connection.close()

    def one_click(self, number):
        """As Gmail does it (RFC 8058, 3.2)."""
        body = urllib.parse.urlencode({"List-Unsubscribe": "One-Click"})
        return self.ask(
            "POST", link("unsubscribe", number), body, User_Agent="Google-Gmail-List-Unsubscribe",
            Content_Type="application/x-www-form-urlencoded",
        )[0]  # fmt: skip


def mailed(world, count, gateway="mail"):
    """So many mails that were accepted, 1 to count."""
    with world.connect() as connection:
        connection.execute(
            """
            insert into message (id, channel, purpose, priority, state, source, event_id, recipient, email, body, gateway, attempt,
              requested_at, due_at, accepted_at)
            select n, 'email', 'marketing', 2, 'accepted', '/journey/app', 'm-' || n, 'r' || n || '@example.com',
              'r' || n || '@example.com', 'x', %s, 1, now(), now(), now() from generate_series(1, %s) n
            """,
            [gateway, count],
        )


def engagement(world):
    """Times by message, kind, link and agent."""
    with world.connect() as connection:
        rows = connection.execute("select message_id, kind, url, agent, times from engagement").fetchall()
    return {row[:4]: row[4] for row in rows}


def outcomes(world):
    """What was told of messages, in order. Nothing takes it out of the outbox where no relay runs."""
    with world.connect() as connection:
        rows = connection.execute(
            "select types, payloads from outbox where topic = 'outreach.outcomes' order by id"
        ).fetchall()
    return [
        (types[place if len(types) > 1 else 0].removeprefix("message."), json.loads(bytes(payload)))
        for types, payloads in rows
        for place, payload in enumerate(payloads)
    ]


def suppressed(world):
    with world.connect() as connection:
        return set(connection.execute("select address, reason from suppression where lifted_at is null").fetchall())


def event(kind, number, place=0, **data):
    """As receive-receipts writes it."""
    return firm.Message(
        str(number).encode(), json.dumps({"message": number, **data}).encode(),
        firm.cloud_event("/journey/links", f"{kind}-{number}-{place}", type=f"recipient.{kind}"))  # fmt: skip
