"""Messages a second from the ledger to a gateway that answers at once (nginx), and with one that takes 200 ms; when messages leave.

    sms            send-sms with one send lane, as shipped, 256 calls at once; the ledger is full when it starts
    two_lanes      the same with two send lanes, which share the 256
    intake_and_sms the same from the topic outreach.sms on: taken in and sent at once
    in_flight      1,000 calls at once to a gateway that takes 200 ms: 5,000 a second are possible
    python_async   by hand: asyncio, aiohttp with 256 calls at once, claims and records of 500, at least once
    email          send-email with one send lane, as shipped, 64 sessions with smtp-sink; the ledger is full when it starts
    python_mails   by hand: asyncio, aiosmtplib with 64 sessions, claims and records of 500, at least once
    code           from a one-time code's publication to the gateway's stamp, while marketing messages wait (100 ms a call)
    rate           100 a second shared by three senders: on average, and the most in any second, as the gateway stamps
    deferred       messages that wait for an opening: sent before it, the most in a second after it, what waiting costs
"""

import json
import statistics
import sys
import time

import frame
from allocate.firm import firm
from allocate.ground import Ground, Ledger
from allocate.processes_seen import cpu, resident
from frame import ROOT, say
from report import Report
from services_in_use import ServicesInUse

from . import gateways
from .moments import Moments

PATIENCE = 300
MOMENTS = ("code", "rate", "deferred")


class Run:
    def __init__(self, rate, used, peak, ledger):
        self.rate, self.used, self.peak, self.ledger = rate, used, peak, ledger


class Bench:
    def __init__(self, ground, options):
        self.ground, self.options = ground, options
        self.runs = {}
        # (measure, unit): values.
        self.moments = {}

    def take(self, name, count, arguments, gateway, concurrency, *, filled=True, **settings):
        with self.ground.database() as (database, connection):
            connection.execute(
                "insert into gateway (name, channel, place, description) values ('measured', %s, 1, %s)",
                [gateway.channel, json.dumps(gateway.description(concurrency))])  # fmt: skip
            connection.execute("insert into gateway_pace (gateway) values ('measured')")
            # Fresh as the database is: a worker that has told a broker how far it is stands still in one that knows nothing of it.
            self.ground.fresh_broker()
            if filled:
                connection.execute(gateway.fill, [count])
                connection.execute("analyze message")
            else:
                self.ground.publish("outreach.sms", (self.request(number) for number in range(count)))
            connection.execute("checkpoint")
            ledger = Ledger(self.ground, connection)
            before = gateway.count()
            with self.ground.program(name, arguments, database, LOG_FORMAT="json", **settings) as process:
                rate = self.watch(name, process, gateway, before, count)
                until_recorded(connection, count, name)
                ledger.close()
                run = Run(rate, cpu(process.pid), resident(process.pid, peak=True), ledger)
        self.runs.setdefault(name, []).append(run)
        say(f"  {name:15}{run.rate:>9,.0f} messages/s of {count:,}, {run.used * 1e6 / count:.1f} µs of processor time a message "
            f"and {ledger.postgres_cpu * 1e6 / count:.1f} in PostgreSQL, {run.peak:.0f} MB")  # fmt: skip
        if self.options.statements:
            for each in ledger.statements[:12]:
                say(f"    {each.seconds * 1e6 / count:7.2f} µs a message, {each.calls:6} calls, {each.rows:8} rows  "
                    f"{' '.join(each.text.split())[:90]}")  # fmt: skip

    @staticmethod
    def request(number):
        value = {"to": f"+86138{number:08d}", "text": f"Your fund pays out {number} CNY today.", "purpose": "service"}
        headers = [
            ("ce_specversion", b"1.0"), ("ce_type", b"sms.requested"), ("ce_source", b"/bench"),
            ("ce_id", str(number).encode()), ("content-type", b"application/json")]  # fmt: skip
        return value["to"].encode(), json.dumps(value).encode(), headers

    def watch(self, name, process, gateway, before, count):
        """From the first fifth to the last twentieth, as the gateway counts."""
        first, deadline = None, time.monotonic() + PATIENCE
        while True:
            now, done = time.monotonic(), gateway.count() - before
            if first is None and done >= count / 5:
                first = now, done
            if done >= count * 0.95:
                return (done - first[1]) / max(now - first[0], 1e-9)
            if process.poll() is not None or now > deadline:
                raise SystemExit(f"bench send: {name} ended or hangs at {done} of {count} messages")
            time.sleep(0.02)

    def go(self, folder):
        if "rates" in self.options.only:
            self.measure_rates(folder)
        if "mails" in self.options.only:
            self.measure_mails(folder)
        moments = Moments(self.ground, self.options, folder)
        for name in (name for name in MOMENTS if name in self.options.only):
            for turn in range(self.options.runs):
                say(f"{name}, turn {turn + 1} of {self.options.runs}")
                for measure, value, unit in getattr(moments, name)():
                    self.moments.setdefault((measure, unit), []).append(value)

    def measure_rates(self, folder):
        count = self.options.messages
        ours = [self.ground.executables / "send-sms"]
        with gateways.nginx(folder) as fast, gateways.slow(folder, 0.2) as slow:
            peer = [sys.executable, str(ROOT / "ops/benches/send/peer.py"), f"http://127.0.0.1:{fast.port}/send"]
            for turn in range(self.options.runs):
                say(f"turn {turn + 1} of {self.options.runs}")
                self.take("sms", count, ours, fast, 256)
                self.take("two_lanes", count, ours, fast, 256, SEND_LANES=2)
                self.take("python_async", count // 3, peer, fast, 256)
                self.take("intake_and_sms", count // 2, ours, fast, 256, filled=False)
                self.take("in_flight", count // 2, ours, slow, 1000)

    def measure_mails(self, folder):
        count = self.options.messages // 3
        links = {"LINK_URL": "https://links.firm.example", "LINK_SECRET": "0123456789abcdef" * 2}
        with gateways.sink(folder) as sink:
            peer = [sys.executable, str(ROOT / "ops/benches/send/peer_mails.py"), str(sink.port)]
            for turn in range(self.options.runs):
                say(f"mails, turn {turn + 1} of {self.options.runs}")
                self.take("email", count, [self.ground.executables / "send-email"], sink, 64, **links)
                self.take("python_mails", count // 3, peer, sink, 64)

    def report(self):
        report = Report("send")
        if self.runs:
            self.report_rates(report)
        for (measure, unit), values in self.moments.items():
            report.add(measure, values, unit)
        return report

    def report_rates(self, report):
        rates = {name: [run.rate for run in runs] for name, runs in self.runs.items()}
        if "email" in rates:
            report.add("email", rates["email"], "messages/s", "python_mails",
                       statistics.median(rates["email"]) / statistics.median(rates["python_mails"]))  # fmt: skip
            report.add("python_mails", rates["python_mails"], "messages/s")
        if "sms" in rates:
            self.report_texts(report, rates)
        for name, runs in self.runs.items():
            report.add(f"{name}_peak_memory", [run.peak for run in runs], "MB")

    @staticmethod
    def report_texts(report, rates):
        for name in ("sms", "two_lanes"):
            report.add(name, rates[name], "messages/s", "python_async",
                       statistics.median(rates[name]) / statistics.median(rates["python_async"]))  # fmt: skip
        for name in ("intake_and_sms", "python_async"):
            report.add(name, rates[name], "messages/s")
        report.add("in_flight", rates["in_flight"], "messages/s", "1,000 calls / 0.2 s",
                   statistics.median(rates["in_flight"]) / 5000)  # fmt: skip


def until_recorded(connection, count, name):
    """What the gateway has, the ledger has too, once each."""
    deadline = time.monotonic() + 60
    wanted = [("accepted", count)]
    while True:
        found = connection.execute("select state, count(*) from message group by 1").fetchall()
        if found == wanted:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"bench send: {name} left {found}")
        time.sleep(0.2)


def main(arguments=None):
    parser = frame.options("send", __doc__)
    parser.add_argument("--messages", type=int, default=120_000, help="messages in the ledger (default 120000)")
    parser.add_argument(
        "--only", nargs="+", choices=("rates", "mails", *MOMENTS), default=["rates", "mails", *MOMENTS],
        help="measures; rates are the first five, mails the two after them")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="code: marketing messages that wait (default 1000000)")
    parser.add_argument("--codes", type=int, default=200, help="code: how many (default 200)")
    parser.add_argument("--seconds", type=int, default=60, help="rate: for so long (default 60)")
    parser.add_argument("--deferred", type=int, default=100_000, help="deferred: messages (default 100000)")
    parser.add_argument("--opening", type=int, default=90, help="deferred: so many seconds after they begin to be (default 90)")
    options = parser.parse_args(arguments)
    frame.build("millrace", "send-sms", "send-email")
    folder = frame.folder("send")
    with ServicesInUse.started(folder / "services") as services:
        ground = Ground(services, ROOT, folder, firm(ROOT))
        say(f"{options.messages:,} messages, {options.runs} turns")
        bench = Bench(ground, options)
        bench.go(folder)
        print(f"{ground.server}, {options.messages:,} messages, {options.runs} turns")
    report = bench.report()
    report.print()
    if options.json:
        report.write(options.json)
    return 0
