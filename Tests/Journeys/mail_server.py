"""A mail server of the journeys' own: it writes down every mail, and behaves as badly as it is told to."""

import asyncio
import email
import email.policy
import ssl
import threading

import trustme
from aiosmtpd.smtp import SMTP, AuthResult


class Mail:
    """One mail whose content reached the server whole."""

    def __init__(self, envelope):
        self.to = envelope.rcpt_tos[0]
        self.sender = envelope.mail_from
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)


class MailServer:
    """`act` names, for a recipient and how often they were named before, what is done: see `ACTS`.

    Without `tls` it is a server that offers neither STARTTLS nor a login.
    """

    # What is said, at which command; those with None say nothing and close.
    ACTS = {
        "accept": None,
        "gone": ("RCPT", "550 5.1.1 <{to}>: no such user here"),
        "full": ("RCPT", "552 5.2.2 {to}: mailbox full"),
        "greylist": ("RCPT", "450 4.2.0 {to}: greylisted, come again"),
        "spam": ("DATA", "554 5.7.1 this looks like spam"),
        "later": ("DATA", "451 4.3.0 queue file write error"),
        "die-before": ("RCPT", None),
        "accept-and-die": ("DATA", None),
        "die": ("DATA", None),
    }

    def __init__(self, act=lambda to, before: "accept", name="relay", tls=False):
        self.name = name
        self.act = act
        self.named = []
        self.taken = []
        self.logins = []
        self.changed = threading.Condition()
        self.authority = trustme.CA() if tls else None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        started = threading.Event()
        self.loop.call_soon(started.set)
        server = self.loop.run_until_complete(self.loop.create_server(self._session, "127.0.0.1", 0))
        self.server = server
        self.port = server.sockets[0].getsockname()[1]
        self.thread.start()
        started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        self.loop.close()

    def _run(self):
        self.loop.run_forever()

    def _session(self):
        more = {}
        if self.authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.authority.issue_cert("127.0.0.1").configure_cert(context)
            more = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": self._login}
        return SMTP(self, hostname="relay.example", loop=self.loop, **more)

    def _login(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == ("millrace", "s3cret"))

    # What aiosmtpd calls

    async def handle_RCPT(self, server, session, envelope, address, options):
        with self.changed:
            before = self.named.count(address)
            self.named.append(address)
            envelope.act = self.act(address, before)
            self.changed.notify_all()
        said = self._say("RCPT", server, envelope.act, address)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if envelope.act in ("accept", "accept-and-die"):
            with self.changed:
                self.taken.append(Mail(envelope))
                self.changed.notify_all()
        return self._say("DATA", server, envelope.act, envelope.rcpt_tos[0]) or "250 2.0.0 queued"

    def _say(self, command, server, act, to):
        at, said = self.ACTS[act] or (None, None)
        if at != command:
            return None
        if said is None:
            server.transport.abort()
            return "421 gone"
        return said.format(to=to)

    def until_taken(self, count, patience=120):
        with self.changed:
            taken = self.changed.wait_for(lambda: len(self.taken) >= count, patience)
            assert taken, f"{len(self.taken)} of {count} mails arrived within {patience} s"

    def description(self, place=100, **more):
        """As `millrace outreach gateways load` takes it."""
        login = {"user": "millrace", "password": "{{secret.MAIL_PASSWORD}}"} if self.authority else {"encryption": "never"}
        return {
            "name": self.name,
            "channel": "email",
            "place": place,
            "concurrency": 20,
            "limits": {"connect": "2s", "total": "3s"},
            "retries": {"first": "100ms", "most": "1s", "times": 5},
            "smtp": {"url": f"smtp://127.0.0.1:{self.port}", **login},
            "from": "Beispiel & Söhne 证券 <service@firm.example>",
            "bounces": "bounces+{mark}@mail.firm.example",
            **more,
        }
