"""What does not decode: a dead letter each, with field and reason; its neighbours are applied."""

import json
import struct

import firm
import pytest
from firm import Message, cloud_event
from side_by_side import scenarios
from world import until

GOOD = {"phone": "13800138000", "source": "wechat"}


def data(**fields):
    return json.dumps({**GOOD, **fields}).encode()


def structured(**attributes):
    envelope = {"specversion": "1.0", "type": "lead.registered", "source": "/journey/structured", "data": GOOD}
    given = {**envelope, **attributes}
    return json.dumps({name: value for name, value in given.items() if value is not None}).encode()


AS_CLOUD_EVENTS = [("content-type", b"application/cloudevents+json; charset=utf-8")]
# By name: value, reason and the field that the dead letter names; headers where they are not those of a CloudEvent.
BAD = {
    "not JSON": (b"{phone: 138", "not-json", ""),
    "half a JSON": (data()[:-3], "not-json", ""),
    "JSON and more": (data() + b" {}", "not-json", ""),
    "a list": (b"[1, 2]", "wrong-type", ""),
    "nested too deep": (b'{"phone": ' + b"[" * 10000 + b"]" * 10000 + b"}", None, None),
    "not UTF-8": (b'{"phone": "\xff\xfe138", "source": "wechat"}', "not-utf-8", None),
    "half a surrogate": (b'{"phone": "138\\ud800", "source": "wechat"}', None, None),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), None, None),
    "empty": (b"", "empty", ""),
    "a tombstone": (None, "empty", ""),
    "no phone": (b'{"source": "wechat"}', "missing", "phone"),
    "null phone": (data(phone=None), "missing", "phone"),
    "a number for the phone": (data(phone=13800138000), "wrong-type", "phone"),
    "an object for the source": (data(source={"name": "wechat"}), "wrong-type", "source"),
    "a list for the name": (data(name=["Wang"]), "wrong-type", "name"),
    "an empty source": (data(source=""), None, "source"),
    "NUL in the name": (b'{"phone": "13800138000", "source": "wechat", "name": "a\\u0000b"}', "nul-character", ""),
    "NUL as a byte": (b'{"phone": "13800138000", "source": "we\x00chat"}', None, None),
    "a name of a million characters": (data(name="x" * 800_000), "too-long", "name"),
    "a phone of a million digits": (data(phone="1" * 800_000), "too-long", "phone"),
    "a value beyond the topic's bound": (data(name="x" * 950_000), "too-large", ""),
    "no such country": (data(country="xx"), "not-a-country", "country"),
    "no phone number": (data(phone="call me"), "not-a-number", "phone"),
    "a Confluent frame": (b"\x00" + struct.pack(">I", 7) + b"\x02\x1a138", "schema-registry-frame", ""),
    "an unknown type": (data(), "unknown-type", "ce_type", cloud_event("/journey/bad", "T", type="lead.rumoured")),
    "another specversion": (data(), "spec-version", "ce_specversion", [*cloud_event("/journey/bad", "V")[1:],
                            ("ce_specversion", b"0.3")]),
    "no id": (data(), "missing", "ce_id", [h for h in cloud_event("/journey/bad", "-") if h[0] != "ce_id"]),
    "an id that is not UTF-8": (data(), "not-utf-8", "ce_id", [("ce_specversion", b"1.0"), ("ce_id", b"\xff"),
                                ("ce_source", b"/journey/bad"), ("ce_type", b"lead.registered")]),
    "NUL in the id": (data(), None, "ce_id", [("ce_specversion", b"1.0"), ("ce_id", b"a\x00b"),
                      ("ce_source", b"/journey/bad"), ("ce_type", b"lead.registered")]),
    "an id of a kilobyte": (data(), "too-long", "ce_id", cloud_event("/journey/bad", "i" * 1024)),
    "a number for the time": (data(), "not-a-time", "ce_time", cloud_event("/journey/bad", "N", ce_time="1769823000")),
    "a time without a zone": (data(), "not-a-time", "ce_time", cloud_event("/journey/bad", "Z", ce_time="2026-01-31T01:30:00")),
    "no such day": (data(), "not-a-time", "ce_time", cloud_event("/journey/bad", "D", ce_time="2026-02-30T01:30:00Z")),
    "a far year": (data(), "implausible-time", "ce_time", cloud_event("/journey/bad", "F", ce_time="9999-12-31T23:59:59Z")),
    "long ago": (data(), "implausible-time", "ce_time", cloud_event("/journey/bad", "A", ce_time="0001-01-01T00:00:00Z")),
    "the year 0": (data(), None, "ce_time", cloud_event("/journey/bad", "Y", ce_time="0000-01-01T00:00:00Z")),
    "structured, no id": (structured(id=None), "missing", "id", AS_CLOUD_EVENTS),
    "structured, no data": (structured(id="S1", data=None), "missing", "data", AS_CLOUD_EVENTS),
    "structured, data in base64": (structured(id="S2", data=None, data_base64="e30="), None, None, AS_CLOUD_EVENTS),
    "structured, a number for the time": (structured(id="S3", time=1769823000), "epoch-number", "time", AS_CLOUD_EVENTS),
    "structured, an unknown type": (structured(id="S4", type="lead.rumoured"), "unknown-type", "type", AS_CLOUD_EVENTS),
    "structured, not JSON": (b"<lead/>", "not-json", "", AS_CLOUD_EVENTS),
    "structured, no phone": (structured(id="S5", data={"source": "x"}), "missing", "data.phone", AS_CLOUD_EVENTS),
}  # fmt: skip

# Odd, and right all the same: what the lead's source is then.
ODD = {
    "structured": (structured(id="O1", data={**GOOD, "phone": "13800138001"}), AS_CLOUD_EVENTS),
    "bare data": (data(phone="13800138002"), []),
    "unknown fields": (data(phone="13800138003", score=17, tags=["a", {"b": None}]), cloud_event("/journey/odd", "O3")),
    "digits of another script": (data(phone="１３８００１３８００６"), cloud_event("/journey/odd", "O6")),
    "a name from beyond the basic plane": (data(phone="13800138007", name="𠮷野家 🙂"), cloud_event("/journey/odd", "O7")),
    "no phone number's length": (data(phone="138001380"), cloud_event("/journey/odd", "O8")),
    "an unknown header": (data(phone="13800138009"), [*cloud_event("/journey/odd", "O9"), ("x", b"\xff\x00"), ("x", b"")]),
}  # fmt: skip


def bad_ones(ground, _):
    with ground.world(settings={"GARBAGE_PERCENT": 100}) as world:
        neighbours = firm.Leads("neighbours", spoilt=0)
        messages, where = [], {}
        for name, (value, _reason, _path, *headers) in BAD.items():
            number = f"bad {name}"
            messages.append(Message(b"one key", value, [*(headers[0] if headers else cloud_event("/journey/bad", number)),
                                                        ("journey", name.encode())]))  # fmt: skip
            messages += neighbours.take(3)
        for value, headers in ODD.values():
            messages.append(Message(b"one key", value, headers))
        world.publish(messages)
        world.start()
        world.start("relay-events")
        world.until_applied()
        world.until_published()
        with world.connect() as connection:
            for name, path, reason, detail in connection.execute(
                """
                select convert_from(header_values[array_position(header_names, 'journey')], 'UTF8'), path, reason, detail
                from dead_letter
                """
            ):
                where.setdefault(name, []).append((reason, path, detail))
        wrong = {
            name: where.get(name)
            for name, (_, reason, path, *_headers) in BAD.items()
            if len(where.get(name, [])) != 1
            or (reason is not None and where[name][0][0] != reason) or (path is not None and where[name][0][1] != path)
        }  # fmt: skip
        assert not wrong, "\n".join(f"{name}: expected {BAD[name][1:3]}, found {found}" for name, found in wrong.items())
        assert set(where) == set(BAD), f"of what is right: {where.get(None)}"
        world.judged()


def too_large_for_its_dead_letter(ground, _):
    """The largest that a broker takes: the dead letter's record leaves out what does not fit, the table has it all."""
    with ground.world() as world:
        value = data(name="x" * 3_900_000)
        world.publish([Message(b"large", value, cloud_event("/journey/large", "L")), *firm.Leads("L").take(100)])
        world.start(KAFKA_FETCH_MESSAGE_MAX_BYTES=8_000_000)
        world.start("relay-events")
        world.until_applied()
        world.until_published()
        with world.connect() as connection:
            kept = connection.execute("select length(value), reason from dead_letter where reason = 'too-large'").fetchall()
        assert kept == [(len(value), "too-large")]
        world.judged()


def same_identity(ground, _):
    with ground.world() as world:
        first = firm.message("13800138000", "twice")
        other = Message(first.key, data(phone="13800138111"), first.headers)
        elsewhere = Message(b"another key", first.value, first.headers)
        world.publish([first, first, elsewhere, *firm.Leads("I").take(300), other, first])
        worker = world.start()
        world.until_applied()
        worker.kill()
        world.publish([first, other, elsewhere])
        world.start()
        world.start("relay-events")
        world.until_applied()
        world.until_published()
        assert world.ask("select count(*) from dead_letter where reason = 'identity-reused'") == 2
        assert world.ask("select count(*) from lead where phone in (8613800138000, 8613800138111)") == 1
        world.judged()


def same_phone_in_two_lanes(ground, _):
    """Under different keys, so that they lie in different partitions and come to several lanes at once."""
    with ground.world(settings={"LANES": 4, "BATCH_EVENTS": 20}) as world:
        messages = []
        for number in range(1500):
            made = firm.message(f"1380013{number // 5:04}", f"race {number}", source=f"s{number % 3}")
            messages.append(Message(f"key {number}".encode(), made.value, made.headers))
        world.start().until_ready()
        world.until_owners(4)
        world.publish(messages)
        world.start("relay-events")
        world.until_applied()
        world.until_published()
        assert world.ask("select count(*) from lead") == 300
        assert world.ask("select count(*) from lead_duplicate") == 1200
        world.judged()


def deadly(ground, deed):
    """Three starts in a row end on one event; the fourth goes on without it."""
    with ground.world(partitions=2) as world:
        leads = firm.Leads(deed, spoilt=0)
        first, killer = leads.take(200), firm.message("13800138000", "killer")
        world.publish([*first, killer, *leads.take(200)])
        stuck, stood = 0, None
        for _ in range(10):
            worker = world.start(fail=f"batch.deciding@e-killer:{deed}", BATCH_EVENTS=50)
            until(lambda: not worker.is_alive or world.applied() >= world.published["lead.registered"], "an end, or the end of the topic")
            if worker.is_alive:
                break
            assert worker.strikes == ["batch.deciding"], "it ended elsewhere"
            stands = world.applied()
            stuck += stands == stood
            stood = stands
        else:
            pytest.fail("the event kills every start")
        starts = len(world.programs)
        assert world.ask("select reason from dead_letter where event_id = 'e-killer'") == "crashed"
        assert starts >= 4
        # Three before the lane goes event by event, three tries then; a start that moved on counts for neither.
        assert stuck <= 6, f"{stuck} of {starts} starts came no further"
        world.start("relay-events")
        world.until_published()
        world.judged()


def garbage(ground, _):
    """A source that sends mostly garbage is stopped, and let through by the very command that is printed."""
    with ground.world(partitions=1) as world:
        leads = firm.Leads("garbage", spoilt=0)
        bad = [Message(b"k", b"{", cloud_event("/journey/garbage", f"g{number}")) for number in range(900)]
        world.publish([*leads.take(300), *bad, *leads.take(300)])
        worker = world.start()
        relay = world.start("relay-events")
        sentence = worker.until_not_ready("/journey/garbage")
        reached = world.applied()
        assert 300 + 499 <= reached < 300 + 900, f"stopped at {reached}"
        words = sentence[sentence.index("millrace lanes resume") :].split()[1:]
        assert words[-2:] == ["--accept", "1000"], words
        ran = world.command(*words)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        world.until_applied()
        worker.until_ready()
        relay.until_ready()
        world.until_published()
        assert world.ask("select count(*) from dead_letter") == 900
        world.judged()


@scenarios(bad_ones, ["each"])
def test_every_bad_event_is_a_dead_letter_and_its_neighbours_are_applied(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(too_large_for_its_dead_letter, ["four megabytes"])
def test_an_event_too_large_for_its_dead_letter(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(same_identity, ["identity"])
def test_the_same_source_and_id_again(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(same_phone_in_two_lanes, ["phone"])
def test_two_lanes_are_given_the_same_phone_at_once(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(deadly, ["kill", "trap"])
def test_an_event_that_ends_the_process_is_a_dead_letter_after_three_careful_starts(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(garbage, ["garbage"])
def test_a_source_of_garbage_is_stopped_and_let_on(side_by_side, scenario):
    side_by_side(scenario)
