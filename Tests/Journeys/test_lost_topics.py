"""A topic that is no longer what it was: the sentence, the stop, and the way on by the very command that is printed."""

import re
import shlex

import firm
import pytest
from forgetful_broker import ForgetfulBroker
from world import until

# What was applied from a topic that is gone cannot be found in it.
GONE = ["nothing-made-up"]


@pytest.fixture
def world(ground):
    with ground.world(partitions=1) as world:
        yield world


def printed_command(sentence):
    """The words behind `millrace` of the command in a sentence."""
    found = re.search(r"millrace ((?:positions reset|lanes resume) .*?(?:--execute|--accept \d+|(?=$|\n)))", sentence)
    assert found, f"no command in: {sentence}"
    return shlex.split(found[1])


def follow(world, sentence):
    ran = world.command(*printed_command(sentence))
    assert ran.returncode == 0, f"{printed_command(sentence)}: {ran.stderr}{ran.stdout}"


def apply_some(world, leads, count):
    world.publish(leads.take(count))
    worker = world.start()
    world.until_applied()
    return worker


def re_create(world):
    world.delete_topics("lead.registered")
    world.make_topics(1, ["lead.registered"], dead_letters=False)
    world.published["lead.registered"] = 0


@pytest.mark.parametrize("count", [300, 200, 50], ids=["longer", "as long", "shorter"])
def test_a_topic_deleted_and_created_again_is_noticed_at_the_next_start(world, count):
    leads = firm.Leads("before", spoilt=0)
    assert apply_some(world, leads, 200).end() == 0
    re_create(world)
    world.publish(firm.Leads("after", spoilt=0).take(count))
    worker = world.start()
    sentence = worker.until_not_ready("lead.registered/0")
    assert "re-created" in sentence
    assert world.ask("select count(*) from lead_history where event_id like 'e-after%%'") == 0
    follow(world, sentence)
    until(lambda: world.applied() == count, "the new topic to be read from its start")
    worker.until_ready()
    world.start("relay-events")
    world.until_published()
    world.judged(without=[*GONE, "positions"])
    assert world.ask("select next_offset from position") == count


def test_a_topic_created_again_while_the_worker_runs_is_noticed(world):
    worker = apply_some(world, firm.Leads("before", spoilt=0), 200)
    worker.until_ready()
    re_create(world)
    world.publish(firm.Leads("after", spoilt=0).take(300))
    # librdkafka 2.16 does not survive what this broker answers about a topic that was deleted: then it is a restart.
    until(lambda: not worker.is_alive or worker.logged("re-created"), "the worker to notice")
    if not worker.is_alive:
        worker = world.start()
    sentence = worker.until_not_ready("re-created")
    follow(world, sentence)
    until(lambda: world.applied() == 300, "the new topic to be read from its start")
    assert world.ask("select count(*) from position where next_offset = 300") == 1


def test_a_position_beyond_the_end_stops_the_partition(world):
    leads = firm.Leads("beyond", spoilt=0)
    assert apply_some(world, leads, 100).end() == 0
    with world.connect() as connection:
        connection.execute(
            "update position set next_offset = 5000, highest_offset = 5000, last_offset = 4999, last_time = 1"
        )
    worker = world.start()
    sentence = worker.until_not_ready("ends at offset 100, but events up to 5000 were applied")
    follow(world, sentence)
    until(lambda: world.applied() == 100, "the topic to be read again")
    worker.until_ready()
    world.start("relay-events")
    world.until_published()
    world.judged(without=["positions"])


def test_events_deleted_before_they_were_read_stop_the_partition(ground):
    broker = ForgetfulBroker("lead.registered")
    # A mock broker waits three seconds before it lets the first ones into a group: no session may end before.
    with ground.world(bootstrap=broker.bootstrap, settings={"KAFKA_SESSION_TIMEOUT_MS": 6000}) as world:
        world.publish(firm.Leads("read", spoilt=0).take(100), partition=0)
        worker = world.start()
        world.until_applied()
        assert worker.end() == 0
        # 8 MB: the first ones are pushed out, nobody has read them.
        heavy = [firm.message(f"1380013{n:04}", f"heavy-{n}", origin="/journey/web", note="x" * 800_000) for n in range(10)]
        world.publish(heavy, partition=0)
        worker = world.start()
        sentence = worker.until_not_ready("were deleted before they were read")
        lost = re.search(r"lead\.registered/0: events 100 to (\d+) were deleted", sentence)
        assert lost, sentence
        kept = 110 - (int(lost[1]) + 1)
        assert 0 < kept < 10
        assert world.ask("select count(*) from lead_history where event_id like 'e-heavy%%'") == 0
        assert world.ask("select stopped_rule from position where partition = 0") == "deleted-unread"
        follow(world, sentence)
        until(lambda: world.ask("select next_offset from position where partition = 0") == 110, "the rest to be read")
        worker.until_ready()
        assert world.ask("select count(*) from lead_history where event_id like 'e-heavy%%'") == kept


def test_a_missing_topic_is_named_with_the_command_that_makes_it(ground):
    with ground.world(settings={"KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": 1000}) as world:
        world.delete_topics("lead.registered")
        worker = world.start()
        sentence = worker.until_not_ready("lead.registered")
        assert "millrace topics apply --execute" in sentence
        made = world.command("topics", "apply", "--execute")
        assert made.returncode == 0, made.stderr
        world.publish(firm.Leads("late", spoilt=0).take(100))
        world.until_applied()
        worker.until_ready()
