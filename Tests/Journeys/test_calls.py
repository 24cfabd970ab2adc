"""Calls with the executables as shipped: told in any order, twice, while workers are killed."""

import datetime
import json
import pathlib
import random

import firm
from side_by_side import scenarios
from world import TOPICS, until

CALL_TOPICS = [name for name in ("call.events", "lead.activity") if name not in TOPICS]
BATCH = [f"batch.{step}" for step in ("polled", "loaded", "deciding", "written", "advanced", "committed")]
SWEEP = [f"sweep.{step}" for step in ("claimed", "written", "committed")]
START = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)


class Calls:
    """Conversations with leads, callers who give up, and our own calls back to some of them."""

    def __init__(self, leads, seed):
        self.leads, self.random, self.number = leads, random.Random(seed), 0

    def take(self, count):
        """The events of so many calls, in any order, some of them twice under another id."""
        events = [event for _ in range(count) for event in self.next()]
        again = [(*event[:2], f"{event[2]}-again") for event in events if self.random.random() < 0.1]
        events += again
        self.random.shuffle(events)
        return [
            firm.Message(
                data["callId"].encode(), json.dumps(data).encode(),
                firm.cloud_event("/journey/pbx", number, type=f"call.{what}"))
            for what, data, number in events
        ]  # fmt: skip

    def next(self):
        self.number += 1
        phone, owner = self.random.choice(self.leads)
        call, begin = f"pbx-{self.number}", self.random.uniform(0, 1800)

        def event(what, after, **data):
            at = (START + datetime.timedelta(seconds=begin + after)).isoformat()
            return what, {"callId": call, "at": at, **data}, f"{call}-{what}-{after}"

        if self.random.random() < 0.2:
            yield event("started", 0, direction="outbound", **{"from": "8001", "to": f"+{phone}"}, agent=owner)
            yield event("answered", 9, agent=owner)
            yield event("ended", 60, by="agent")
            return
        yield event("started", 0, direction="inbound", **{"from": f"+{phone}"}, queue="sales")
        yield event("rang", 1, agent=owner, queue="sales")
        if self.random.random() < 0.4:
            yield event("missed", 16, agent=owner)
            yield event("ended", 25)
            return
        yield event("answered", 5, agent=owner)
        yield event("held", 20, agent=owner)
        yield event("resumed", 30, agent=owner)
        yield event("ended", 80)
        if self.random.random() < 0.5:
            yield event("ended", 80.2)
            yield event("disposed", 95, agent=owner, disposition="interested")


def killed(ground, step):
    with ground.world(settings={"CALL_BACK_AFTER": "0s"}.items()) as world:
        world.make_topics(12, CALL_TOPICS)
        world.publish(firm.Leads(step, spoilt=0).take(120))
        world.start()
        world.until_applied()
        world.programs[-1].kill()
        with world.connect() as connection:
            leads = connection.execute(
                """select l.phone, p.code from lead l join person p on p.id = l.owner_id
                   where l.state = 'owned' and l.phone is not null order by l.id limit 60"""
            ).fetchall()
            # As if they had been given yesterday; a conversation moves the clock on.
            connection.execute("update lead set protected_since = now() - interval '1 day' where state = 'owned'")
            connection.execute("update protection_policy set extension_days = 30")
        calls = Calls(leads, step)

        def tell(number):
            world.publish(calls.take(number), "call.events")

        tell(120)
        point = f"{step}@tend-call-backs" if step in SWEEP else step
        for at in (1, 3) if step in BATCH else (1, 1):
            struck = world.struck(f"{point}:kill", at=at, name="track-calls", meanwhile=lambda: tell(40))
            assert struck.wait() == -9
        world.start("track-calls")
        world.start("relay-events")
        world.until_applied(worker="track-calls", topic="call.events")
        waiting = """
            select count(*) from call_back b left join call_contact c on c.phone = b.phone and c.at >= b.missed_at
            where b.state = 'waiting' or b.state = 'raised' and (c.at is not null or not b.wanted)"""
        until(lambda: world.ask(waiting) == 0, lambda: f"{world.ask(waiting)} call-backs to be told or settled")
        world.until_published()
        world.judged()
        assert world.ask("select count(*) from call") == calls.number
        assert world.ask("select count(*) from lead_history where worker = 'track-calls'") > 10
        assert world.ask("select count(*) from reminder where kind = 'call-back'") > 3
        verified = world.command("calls", "verify")
        assert verified.returncode == 0, verified.stdout


@scenarios(killed, BATCH + SWEEP)
def test_track_calls_killed_at_a_step_keeps_each_call_once(side_by_side, scenario):
    side_by_side(scenario)


def test_the_files_of_a_telephone_system_become_calls(ground, tmp_path):
    """A queue_log with a torn line and a negative duration, and a CDR file in another time zone."""
    now = int(START.timestamp())
    (tmp_path / "queue_log").write_text(
        "\n".join(
            [
                f"{now}|NONE|NONE|NONE|QUEUESTART|",
                f"{now}|NONE|sales|PJSIP/8001|ADDMEMBER|",
                f"{now}|1.1|sales|NONE|ENTERQUEUE||13812345678|1",
                f"{now + 20}|1.1|sales|PJSIP/8002|RINGNOANSWER|15000",
                f"{now + 25}|1.1|sales|PJSIP/8001|CONNECT|25|1.2|4",
                f"{now + 85}|1.1|sales|PJSIP/8001|COMPLETECALLER|25|60|1",
                f"{now + 90}|1.3|sa",
                f"{now + 90}|1.4|sales|PJSIP/8001|RINGNOANSWER|-5",
                f"{now + 100}|1.5|sales|NONE|ENTERQUEUE||13912345678|1",
                f"{now + 103}|1.5|sales|NONE|ABANDON|1|1|3",
            ]
        )
        + "\n"
    )
    zone = datetime.timezone(datetime.timedelta(hours=8))
    local = [(START + datetime.timedelta(seconds=at)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for at in (200, 210, 260)]
    row = ["", "8001", "013712345678", "out", "", "PJSIP/8001-0000002a", "PJSIP/trunk-0000002b", "Dial", "", *local, "60", "50",
           "ANSWERED", "DOCUMENTATION", "2.1", ""]  # fmt: skip
    broken = [*row[:9], local[2], "", local[0], "-60", "0", "NO ANSWER", "DOCUMENTATION", "2.2", ""]
    (tmp_path / "Master.csv").write_text("\n".join(",".join(f'"{cell}"' for cell in each) for each in (row, broken)) + "\n")
    with ground.world() as world:
        world.make_topics(12, CALL_TOPICS)
        files = [("queue_log", []), ("Master.csv", ["--from", "cdr", "--time-zone", "Asia/Shanghai"])]
        for _ in range(2):
            for name, options in files:
                bad = tmp_path / f"bad-{name}.csv"
                ran = world.command("calls", "import", tmp_path / name, *options, "--system", "pbx", "--reject", bad, "--execute")
                assert ran.returncode == 1, ran.stderr
        rejected = (tmp_path / "bad-queue_log.csv").read_text(encoding="utf-8-sig").splitlines()
        assert [line.split(",")[:3] for line in rejected[1:]] == [["7", "event", "too-few-fields"], ["8", "data1", "out-of-range"]]
        assert "out-of-range" in pathlib.Path(tmp_path / "bad-Master.csv.csv").read_text()
        world.start("track-calls")
        until(lambda: world.ask("select count(*) from call where outcome is not null") == 3, "three calls")
        with world.connect() as connection:
            found = connection.execute(
                """select id, direction, agent, phone, extract(epoch from started_at)::bigint - %s, wait_ms, talk_ms, outcome,
                     array_length(string_to_array(facts, E'\\n'), 1) from call order by id""", [now]
            ).fetchall()  # fmt: skip
        assert found == [
            ("pbx-1.1", "inbound", "PJSIP/8001", 8613812345678, 0, 25000, 60000, "answered", 6),
            ("pbx-1.5", "inbound", None, 8613912345678, 100, 3000, 0, "abandoned", 2),
            ("pbx-2.1", "outbound", "PJSIP/8001", 8613712345678, 200, 10000, 50000, "answered", 3),
        ]
        shown = world.command("calls", "show", "pbx-1.1")
        assert shown.returncode == 0 and "rang" in shown.stdout and "PJSIP/8002" in shown.stdout
        report = json.loads(world.command("calls", "report", "--since", "3h", "--json").stdout)
        assert [(row["queue"], row["offered"], row["answered"], row["abandoned"], row["short"], row["p95"]) for row in report] == [
            ("sales", 2, 1, 1, 1, 25)]  # fmt: skip
        agents = json.loads(world.command("calls", "report", "--agents", "--since", "3h", "--json").stdout)
        assert {row["agent"]: (row["answered"], row["ringNoAnswer"], row["talk"]) for row in agents} == {
            "PJSIP/8001": (2, 0, 110), "PJSIP/8002": (0, 1, 0)}  # fmt: skip
