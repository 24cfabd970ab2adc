"""Tables of leads, imported: each good row is one lead, each bad one is told; killed, repeated, sorted, mended."""

import csv
import io
import json
import random
import subprocess

import pytest
import ugly_table
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from world import bare, until

ROWS = 20_000
# Python has GB 18030-2000, glibc a later edition: there these characters of private use, and one letter, are others.
MOVED = {
    0x1E3F, 0xE7C7, *range(0xE78D, 0xE797), 0xE816, 0xE817, 0xE818, 0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE831, 0xE832,
    0xE83B, 0xE843, 0xE854, 0xE855, 0xE864,
}  # fmt: skip


def records(world, topic="lead.registered"):
    """How many the topic holds, by reading it."""
    consumer = Consumer({
        **world.client(), "group.id": "count", "enable.auto.commit": False, "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,
    })  # fmt: skip
    try:
        partitions = list(consumer.list_topics(topic, 10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
        count, ended = 0, set()
        while len(ended) < len(partitions):
            for record in consumer.consume(1000, 1):
                if record.error() is None:
                    count += 1
                elif record.error().code() == KafkaError._PARTITION_EOF:
                    ended.add(record.partition())
        return count
    finally:
        consumer.close()


def summary(ran):
    assert ran.returncode in (0, 1), ran.stderr
    return json.loads(ran.stdout)[0]


def rejected(path):
    """The rejected rows: line, reason and the row's own cells."""
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    assert rows[0][:4] == ["rejected line", "rejected field", "rejected because", "rejected meaning"]
    return rows[0], rows[1:]


@pytest.mark.parametrize(
    ("encoding", "separator", "line_break"),
    [("gb18030", ",", "\r\n"), ("utf-8-sig", "\t", "\n"), ("utf-16", "，", "\r\n")],
    ids=["GB18030", "UTF-8", "UTF-16"],
)
def test_a_preview_tells_what_becomes_of_every_row(ground, tmp_path, encoding, separator, line_break):
    table = ugly_table.table(f"preview {encoding}", 2000, separator, line_break)
    if encoding == "utf-16":
        # Half of a surrogate pair is what is wrong there; a byte order mark of each part is not.
        parts = (b"\x00\xd8" if part == b"\xff" else part.encode("utf-16-le") for part in table.text)
        table.text = [b"\xff\xfe", *parts]
    if encoding == "utf-8-sig":
        table.text = [b"\xef\xbb\xbf", *(part if isinstance(part, bytes) else part.encode() for part in table.text)]
    file, rejects = tmp_path / "leads.csv", tmp_path / "bad.csv"
    file.write_bytes(table.bytes(encoding))
    ran = ground.command(
        {}, "leads", "import", str(file), "--source", "expo", "--reject", str(rejects), "--json",
        database=ground.template,
    )  # fmt: skip
    told = summary(ran)
    assert (told["rows"], told["good"], told["bad"]) == (
        len(table.good) + len(table.bad), len(table.good), len(table.bad))  # fmt: skip
    assert ran.returncode == 1 and told["published"] is None
    _, rows = rejected(rejects)
    wrong = [(line, table.bad.get(int(line)), reason) for line, _, reason, *_ in rows
             if reason not in table.bad.get(int(line), ())]  # fmt: skip
    assert not wrong and len(rows) == len(table.bad), wrong[:5]


def test_an_ugly_table_is_imported_once_though_killed_repeated_sorted_and_mended(ground, tmp_path):
    table = ugly_table.table("imported", ROWS)
    file, rejects = tmp_path / "leads.csv", tmp_path / "bad.csv"
    file.write_bytes(table.bytes("gb18030"))
    with ground.world() as world:
        words = ["leads", "import", str(file), "--source", "expo", "--execute", "--json"]
        world.start(LANES=2)
        world.start("relay-events")
        # Few on their way at once, so that there is a middle.
        variables = bare(world.services, **world.variables(KAFKA_QUEUE_BUFFERING_MAX_MESSAGES=20))
        killed = subprocess.Popen(
            [ground.executables / "millrace", *words, "--reject", str(rejects)], env=variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(lambda: world.applied() > 200 or killed.poll() is not None, "some rows to arrive")
        killed.kill()
        assert killed.wait() == -9, "the import was over before it was killed"
        assert not rejects.exists()
        first = records(world)
        assert 0 < first < len(table.good)

        told = summary(world.command(*words, "--reject", str(rejects)))
        assert (told["good"], told["bad"], told["published"], told["acknowledged"], told["failed"]) == (
            len(table.good), len(table.bad), len(table.good), len(table.good), 0)  # fmt: skip
        sorted_file = tmp_path / "sorted.csv"
        sorted_file.write_bytes(in_another_order(table))
        assert summary(world.command(*words[:2], str(sorted_file), *words[3:]))["good"] == len(table.good)

        mended = tmp_path / "mended.csv"
        new = mend(rejects, mended, set(table.leads))
        ran = world.command(*words[:2], str(mended), *words[3:])
        assert (ran.returncode, summary(ran)["good"]) == (0, len(new)), ran.stderr

        world.published["lead.registered"] = records(world)
        assert records(world) == first + 2 * len(table.good) + len(new)
        world.until_applied()
        world.until_published()
        with world.connect() as connection:
            leads = connection.execute("select phone::text, name from lead").fetchall()
            letters = connection.execute("select count(*) from dead_letter").fetchone()[0]
            duplicates = connection.execute("select count(*) from lead_duplicate").fetchone()[0]
        expected = table.leads | new
        wrong = [(phone, name, expected.get(phone)) for phone, name in leads if expected.get(phone) != name]
        assert not wrong and len(leads) == len(expected), (len(leads), len(expected), wrong[:5])
        assert (letters, duplicates) == (0, table.repeats)
        world.judged()


def in_another_order(table):
    """The good rows alone, as UTF-8 with semicolons, shuffled: but the rows of one phone as they stood."""
    rows = list(csv.reader(io.StringIO("".join(good_text(table)), newline="")))
    random_ = random.Random("order")
    places = sorted(range(len(rows)), key=lambda _: random_.random())
    shuffled = [None] * len(rows)
    by_phone = {}
    for (phone, _), place in zip(table.good.values(), places, strict=True):
        by_phone.setdefault(phone, []).append(place)
    for mine in by_phone.values():
        mine.sort()
    for (phone, _), row in zip(table.good.values(), rows, strict=True):
        shuffled[by_phone[phone].pop(0)] = row
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\n").writerows([ugly_table.HEADING, *shuffled])
    return out.getvalue().encode()


def good_text(table):
    line = 1
    for part in table.text:
        if isinstance(part, bytes):
            continue
        if line in table.good:
            # Python's reader wants a quote at the cell's very beginning.
            yield part.replace(', "', ',"').replace('" ,', '",')
        line += part.count("\n")


def mend(rejects, path, taken):
    """A phone nobody has and a plain name in every rejected row: what a person would do in a spreadsheet."""
    header, rows = rejected(rejects)
    free = (f"1358888{number:04}" for number in range(10_000))
    leads = {}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number, row in enumerate(rows):
            phone = next(phone for phone in free if "86" + phone not in taken)
            leads["86" + phone] = f"改{number}"
            writer.writerow([*row[:4], phone, f"改{number}", "", "", "", ""])
    return leads


def test_gb18030_is_read_as_python_reads_it(ground, tmp_path):
    """Every character of the basic plane and many beyond it, through the reject file: rows without a phone."""
    characters = [chr(code) for code in range(0x80, 0x10000) if not 0xD800 <= code < 0xE000 and code not in MOVED]
    random_ = random.Random("characters")
    characters += [chr(random_.randrange(0x10000, 0x110000)) for _ in range(20_000)]
    random_.shuffle(characters)
    names = ["n" + "".join(characters[at : at + 40]) + "n" for at in range(0, len(characters), 40)]
    file, rejects = tmp_path / "names.csv", tmp_path / "bad.csv"
    file.write_bytes(("phone,name\n" + "".join(f'"",{name}\n' for name in names)).encode("gb18030"))
    ran = ground.command(
        {}, "leads", "import", str(file), "--source", "x", "--encoding", "gb18030", "--reject", str(rejects),
        database=ground.template,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    _, rows = rejected(rejects)
    read = [row[5] for row in rows]
    different = {(mine, other) for name, got in zip(names, read, strict=True) if name != got
                 for mine, other in zip(name, got, strict=False) if mine != other}  # fmt: skip
    assert read == names, sorted((hex(ord(mine)), hex(ord(other))) for mine, other in different)[:20]
    assert {row[2] for row in rows} == {"missing"}
