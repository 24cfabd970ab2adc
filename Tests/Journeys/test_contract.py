"""The contract as others see it: schemas, examples, AsyncAPI, the page for producers, and the topics on a broker."""

import datetime
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from services_in_use import ServicesInUse

TOP = Path(__file__).resolve().parents[2]
TOPICS = TOP / "Topics"
SCHEMAS = sorted((TOPICS / "schemas").glob("*.json"))

formats = jsonschema.FormatChecker(formats=[])


@formats.checks("date-time", raises=ValueError)
def is_a_time(text):
    """The pattern beside it says what it looks like; this counts the days, and RFC 3339 wants the zone."""
    if isinstance(text, str):
        whole = re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00").replace("z", "+00:00")
        if datetime.datetime.fromisoformat(whole).tzinfo is None:
            raise ValueError
    return True


def load(path):
    return json.loads(path.read_text())


def validator(schema):
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


def examples(kind):
    return [
        pytest.param(path, example, id=f"{path.stem}: {example['about']}")
        for path in SCHEMAS
        for example in load(TOPICS / "examples" / path.name)[kind]
    ]


@pytest.fixture(scope="module")
def asyncapi():
    return yaml.safe_load((TOPICS / "asyncapi.yaml").read_text())


@pytest.fixture(scope="module")
def listed(executables):
    """What the program was built with, by topic."""
    answer = subprocess.run([executables / "millrace", "topics", "list", "--json"], capture_output=True, check=True)
    return {topic["topic"]: topic for topic in json.loads(answer.stdout)}


# MARK: What is written


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_one(path):
    jsonschema.Draft202012Validator.check_schema(load(path))


@pytest.mark.parametrize("path, example", examples("valid"))
def test_the_schema_takes_a_valid_example(path, example):
    validator(load(path)).validate(example["data"])


@pytest.mark.parametrize("path, example", examples("invalid"))
def test_the_schema_refuses_an_invalid_example_where_the_reader_does(path, example):
    errors = list(validator(load(path)).iter_errors(example["data"]))
    if not errors and not BEYOND_A_SCHEMA.isdisjoint({example["reason"], (example["path"], example["reason"])}):
        return
    # A null for a required field is "missing" to the reader and of the wrong type to the schema.
    assert errors
    named = {name for error in errors for name in named_by(error)}
    assert example["path"] in named or example["reason"] == "nul-character"


# What fields say of each other, and days that no calendar has, are the reader's alone to see.
BEYOND_A_SCHEMA = {"circle", "twice", "not-a-day", "out-of-order"}


def named_by(error):
    """The fields that an error speaks of; where none of several ways is right, those that each of them is wrong in."""
    yield place(error.absolute_path)
    if error.validator == "required":
        yield place([*error.absolute_path, error.message.split("'")[1]])
    for inner in error.context:
        yield from named_by(inner)


def place(steps):
    """As refusals write it: `consents[0].at`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def test_asyncapi_names_the_topics_as_the_program_does(asyncapi, listed):
    channels = {channel["address"]: channel for channel in asyncapi["channels"].values()}
    assert channels.keys() == listed.keys()
    for name, channel in channels.items():
        topic, kafka = listed[name], channel["bindings"]["kafka"]
        settings = kafka["topicConfiguration"]
        assert kafka["partitions"] == topic["partitions"]
        assert settings["retention.ms"] == topic["retentionMs"]
        assert settings["max.message.bytes"] == topic["maxMessageBytes"]
        assert settings["cleanup.policy"] == ["delete"]


def test_asyncapi_gives_each_topic_its_types_with_their_schemas(asyncapi, listed):
    messages = asyncapi["components"]["messages"]
    for channel in asyncapi["channels"].values():
        named = [messages[reference["$ref"].rsplit("/", 1)[1]] for reference in channel["messages"].values()]
        types = listed[channel["address"]]["types"]
        if types is None:
            assert [message["name"] for message in named] == ["dead letter"]
            continue
        assert [message["name"] for message in named] == types.split()
        for message in named:
            assert message["payload"] == {"$ref": f"./schemas/{message['name']}.json"}
            assert (TOPICS / message["payload"]["$ref"]).exists()
            assert message["bindings"]["kafka"]["key"]["type"] == "string"


def test_every_reference_in_asyncapi_leads_somewhere(asyncapi):
    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from references(child)

    found = list(references(asyncapi))
    assert len(found) > 10
    for reference in found:
        if reference.startswith("#/"):
            node = asyncapi
            for part in reference[2:].split("/"):
                node = node[part]
        else:
            assert (TOPICS / reference).exists()


def test_the_examples_in_asyncapi_are_right(asyncapi):
    seen = 0
    for message in asyncapi["components"]["messages"].values():
        for example in message.get("examples", []):
            headers = asyncapi["components"]["schemas"][message["headers"]["$ref"].rsplit("/", 1)[1]]
            validator(headers).validate(example["headers"])
            validator(load(TOPICS / message["payload"]["$ref"])).validate(example["payload"])
            assert example["headers"]["ce_type"] == message["name"]
            seen += 1
    assert seen


CAMPAIGNS = TOP / "ops" / "campaigns"


@pytest.mark.parametrize("path", sorted((CAMPAIGNS / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_the_worked_examples_of_campaigns_are_what_their_schema_says(path):
    schema = load(CAMPAIGNS / "campaign.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not list(validator(schema).iter_errors(load(path)))
    assert list(validator(schema).iter_errors({**load(path), "chanels": []}))


def test_the_schema_of_campaigns_names_every_field_that_is_read_and_no_other():
    read = set()
    for source in (TOP / "Core" / "Campaigns").glob("*.swift"):
        for names in re.findall(r"refuseOthers\(([^)]*)\)", source.read_text()):
            read |= set(re.findall(r'"([A-Za-z]+)"', names))

    def named(schema):
        for name, inner in schema.get("properties", {}).items():
            yield name
            yield from named(inner)
        for inner in [*schema.get("prefixItems", []), *schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
            yield from named(inner)

    assert set(named(load(CAMPAIGNS / "campaign.schema.json"))) == read


def test_the_requests_on_the_page_for_producers_are_right():
    requests = re.findall(r"```json\n(.*?)```", (TOPICS / "README.md").read_text(), re.S)
    assert requests
    for request in requests:
        validator(load(TOPICS / "schemas" / "sms.requested.json")).validate(json.loads(request))


# Why a message waits; none of them is ever the reason of an outcome.
WAITING = {"moment-passed", "sender-ended", "campaign-rests"}


def test_the_page_for_producers_tells_every_step_of_a_message_and_every_reason_there_is(listed):
    table = (TOPICS / "README.md").read_text().split("### What became of a message")[1].split("\n### ")[0]
    rows = re.findall(r"^\|([^|]*)\|[^|]*\|([^|]*)\|$", table, re.M)
    steps = [step for first, _ in rows for step in re.findall(r"`([^`]+)`", first)]
    assert steps == listed["outreach.outcomes"]["types"].split()
    sources = [path.read_text() for room in ("Core", "Workers") for path in (TOP / room).rglob("*.swift")]
    used = set()
    for source in sources:
        for first in re.findall(r"\bReason\(([^,)]*)", source) + re.findall(r'\breason: ("[a-z-]+"),\s+source: ', source):
            used |= set(re.findall(r'"([a-z][a-z-]*)"', first))
    assert len(used) > 10
    assert used - WAITING <= {reason for _, last in rows for reason in re.findall(r"`([^`]+)`", last)}


# MARK: What is done on a broker


@pytest.fixture(scope="module")
def own_services():
    """Services of this file's own: the contract's topics have fixed names."""
    with ServicesInUse.of_its_own(fast=True) as started:
        yield started


@pytest.fixture(scope="module")
def millrace(own_services, executables):
    def run(*words, stdin=None):
        return subprocess.run(
            [executables / "millrace", *words], input=stdin, capture_output=True, text=True, timeout=60,
            env=own_services.environment(),
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def topics(own_services, millrace):
    done = millrace("topics", "apply", "--execute")
    assert done.returncode == 0, done.stderr + done.stdout


class Log:
    """Records of lead.registered that came after it was made."""

    def __init__(self, services):
        self.consumer = Consumer({
            "bootstrap.servers": services.bootstrap_servers, "group.id": "log", "enable.auto.commit": False,
            "fetch.wait.max.ms": 10, "enable.partition.eof": True,
        })  # fmt: skip
        self.consumer.assign([TopicPartition("lead.registered", number, 0) for number in range(12)])
        self.read()

    def read(self):
        """Everything up to the end of every partition."""
        records, open_partitions = [], set(range(12))
        deadline = time.monotonic() + 60
        while open_partitions:
            assert time.monotonic() < deadline, f"no end of partitions {open_partitions}"
            record = self.consumer.poll(0.1)
            if record is None:
                continue
            if record.error():
                assert record.error().name() == "_PARTITION_EOF", record.error()
                open_partitions.discard(record.partition())
            else:
                records.append(record)
        return records

    def read_at_least(self, count):
        """The end is told once; what comes later is waited for."""
        records = []
        deadline = time.monotonic() + 60
        while len(records) < count:
            assert time.monotonic() < deadline, f"{len(records)} of {count} records"
            record = self.consumer.poll(0.1)
            if record is not None and not record.error():
                records.append(record)
        return records


@pytest.fixture
def log(own_services, topics):
    log = Log(own_services)
    yield log
    log.consumer.close()


def headers_of(record):
    return {name: value.decode() for name, value in record.headers() or []}


def test_apply_shows_first_then_creates_what_the_contract_says_and_check_agrees(executables, listed):
    with ServicesInUse.of_its_own(fast=True) as empty:

        def run(*words):
            return subprocess.run(
                [executables / "millrace", "topics", *words], capture_output=True, text=True, env=empty.environment()
            )

        admin = AdminClient({"bootstrap.servers": empty.bootstrap_servers})
        missing = run("check")
        assert missing.returncode == 1
        assert "lead.registered.dlq does not exist." in missing.stdout.splitlines()

        assert run("apply").returncode == 0
        assert not set(listed) & set(admin.list_topics(timeout=60).topics)

        for future in admin.create_topics([NewTopic("lead.registered", 3, 1)]).values():
            future.result(60)
        few = run("apply", "--execute")
        assert few.returncode == 1
        assert "lead.registered has 3 partitions, 12 were expected." in few.stdout
        there = admin.list_topics(timeout=60).topics
        assert {name: len(there[name].partitions) for name in listed} == {
            name: 3 if name == "lead.registered" else topic["partitions"] for name, topic in listed.items()
        }
        resource = ConfigResource("topic", "lead.ownership.dlq")
        settings = admin.describe_configs([resource])[resource].result(60)
        assert settings["retention.ms"].value == str(listed["lead.ownership.dlq"]["retentionMs"])
        assert settings["max.message.bytes"].value == str(listed["lead.ownership.dlq"]["maxMessageBytes"])
        assert run("check").returncode == 1


def test_check_is_content_with_what_apply_made(millrace, topics, listed):
    checked = millrace("topics", "check")
    assert (checked.returncode, checked.stdout) == (0, f"All {len(listed)} topics are as expected.\n")


def test_published_lines_are_cloudevents_in_binary_mode(millrace, log, tmp_path):
    lines = tmp_path / "leads.jsonl"
    bare = '{"phone":"13812345678","source":"web","name":"王小明"}'
    event = {
        "specversion": "1.0", "id": "7", "source": "/crm", "time": "2026-01-31T09:30:00+08:00",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {"phone": "+85251234567", "source": "crm"},
    }  # fmt: skip
    lines.write_text(f"{bare}\n{json.dumps(event)}\n")
    done = millrace("publish", "lead.registered", str(lines), "--source", "/test")
    assert done.returncode == 0, done.stderr
    records = {record.key(): record for record in log.read_at_least(2)}
    first, second = records[b"13812345678"], records[b"+85251234567"]
    assert first.value().decode() == bare
    assert headers_of(first) | {"ce_id": ""} == {
        "ce_specversion": "1.0", "ce_type": "lead.registered", "ce_source": "/test", "ce_id": "",
        "content-type": "application/json",
    }  # fmt: skip
    assert headers_of(first)["ce_id"].startswith("leads.jsonl/")
    assert json.loads(second.value()) == event["data"]
    assert headers_of(second) == {
        "ce_specversion": "1.0", "ce_type": "lead.registered", "ce_source": "/crm", "ce_id": "7",
        "ce_time": "2026-01-31T01:30:00.000000Z", "content-type": "application/json",
        "traceparent": event["traceparent"],
    }  # fmt: skip


def test_the_same_file_again_has_the_same_ids(millrace, log, tmp_path):
    lines = tmp_path / "again.jsonl"
    text = "".join(f'{{"phone":"1390000000{n}","source":"web"}}\n' for n in range(5))
    lines.write_text(text)
    assert millrace("publish", "lead.registered", str(lines)).returncode == 0
    first = {headers_of(record)["ce_id"] for record in log.read_at_least(5)}
    lines.write_text('{"phone":"13911111111","source":"web"}\n' + text)
    assert millrace("publish", "lead.registered", str(lines)).returncode == 0
    second = {headers_of(record)["ce_id"] for record in log.read_at_least(6)}
    assert len(first) == 5 and first < second


def test_wrong_lines_stop_the_file_and_go_out_as_they_are_when_told_to(millrace, log):
    lines = ["nonsense", '{"specversion":"1.0","id":"8","source":"/x","type":"lead.lost","data":{}}', "{}"]
    text = "\n".join(lines)
    stopped = millrace("publish", "lead.registered", "-", stdin=text)
    assert stopped.returncode == 1
    assert "-:1: not-json" in stopped.stderr and "-:2: type: unknown-type" in stopped.stderr
    assert "3 of 3 lines are wrong; nothing was published." in stopped.stderr
    assert millrace("publish", "lead.registered", "-", "--with-refused", stdin=text).returncode == 0
    records = {record.value().decode(): record for record in log.read_at_least(3)}
    assert records.keys() == set(lines)
    assert headers_of(records[lines[1]]) == {"content-type": "application/cloudevents+json; charset=utf-8"}
    assert headers_of(records[lines[0]])["ce_type"] == "lead.registered"


def test_the_python_on_the_page_for_producers_runs_and_partitions_as_the_command_does(own_services, millrace, log):
    page = (TOPICS / "README.md").read_text()
    snippet = re.search(r"```python\n(.*?)```", page, re.S).group(1)
    environment = own_services.environment()
    subprocess.run([sys.executable, "-c", snippet], check=True, timeout=60, env=environment)
    (theirs,) = log.read_at_least(1)
    headers = headers_of(theirs)
    line = {
        "specversion": headers["ce_specversion"], "id": headers["ce_id"], "source": headers["ce_source"],
        "type": headers["ce_type"], "time": headers["ce_time"], "data": json.loads(theirs.value()),
    }  # fmt: skip
    done = millrace("publish", "lead.registered", "-", stdin=json.dumps(line, ensure_ascii=False))
    assert done.returncode == 0, done.stderr
    (ours,) = log.read_at_least(1)
    assert ours.key() == theirs.key()
    assert ours.partition() == theirs.partition()
    assert headers_of(ours).keys() == headers.keys()
