"""What stands around the workers fails under load: members join and leave, servers end, freeze and are cut off."""

import firm
import pytest
from services_in_use import ServicesInUse
from side_by_side import scenarios
from wire import Wire
from world import Ground, until

ROUNDS = 3


def members_come_and_go(ground, how):
    """Two workers of two lanes each; one ends in order or is killed, and another comes, again and again."""
    with ground.world(settings={"LANES": 2}) as world:
        world.watch_positions()
        leads = firm.Leads(how)
        world.start("relay-events")
        staying = world.start()
        world.until_owners(2)
        for _ in range(ROUNDS):
            other = world.start()
            world.publish(leads.take(500))
            # The development broker waits up to a minute for a member that leaves while others are joining.
            world.until_owners(4)
            world.publish(leads.take(500))
            if how == "ended":
                assert other.end() == 0
            else:
                other.kill()
            world.publish(leads.take(500))
            world.until_owners(2)
        staying.until_ready()
        finish(world)


def broker_frozen(ground, _):
    """Longer than the group's session timeout."""
    with ground.world() as world:
        world.watch_positions()
        leads = firm.Leads("frozen")
        worker, relay = world.start(), world.start("relay-events")
        world.publish(leads.take(1000))
        for _ in range(2):
            world.freeze_broker()
            worker.until_not_ready("")
            world.thaw_broker()
            world.publish(leads.take(500))
            worker.until_ready()
            relay.until_ready()
        finish(world)


def connections_cut(ground, server):
    """To Kafka or to PostgreSQL: all cut at once, or refused for a while."""
    with ground.world(wired=server) as world:
        world.watch_positions()
        leads = firm.Leads(server)
        worker, relay = world.start().until_ready(), world.start("relay-events").until_ready()
        for _ in range(ROUNDS):
            world.publish(leads.take(1000))
            until(world.wire.cut, "something to cut")
            world.publish(leads.take(500))
        world.wire.refuse()
        worker.until_not_ready("")
        world.wire.mend()
        worker.until_ready()
        relay.until_ready()
        finish(world)


def nothing_gets_through(ground, server):
    """Nobody is told: connections stay open and carry nothing, longer than anybody's patience. Who waits for
    PostgreSQL in vain is seen not to be ready, and ended by its own watchdog."""
    with ground.world(wired=server, settings={"WATCHDOG_AFTER": "8s"}) as world:
        world.watch_positions()
        leads = firm.Leads(server)
        worker, relay = world.start().until_ready(), world.start("relay-events").until_ready()
        world.publish(leads.take(500))
        world.wire.block()
        worker.until_not_ready("has not come round" if server == "postgres" else "")
        if server == "postgres":
            assert {worker.wait(), relay.wait()} == {70}, "sysexits.h's EX_SOFTWARE was expected of the watchdog"
            worker, relay = world.start(), world.start("relay-events")
        world.wire.mend()
        world.publish(leads.take(500))
        worker.until_ready()
        relay.until_ready()
        finish(world)


def finish(world):
    world.until_applied()
    world.give_room()
    world.until_nobody_placeable()
    world.until_published()
    world.judged()


@scenarios(members_come_and_go, ["ended", "killed"])
def test_workers_join_and_leave_under_load(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(broker_frozen, ["broker"])
def test_the_broker_is_frozen_beyond_the_session_timeout_and_woken(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(connections_cut, ["broker", "postgres"])
def test_connections_are_cut_under_load(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(nothing_gets_through, ["broker", "postgres"])
def test_connections_carry_nothing_any_more(side_by_side, scenario):
    side_by_side(scenario)


@pytest.fixture(scope="module")
def breakable_ground(executables):
    """PostgreSQL and a broker that keeps its topics, for these tests alone."""
    with ServicesInUse.of_its_own(fast=True, durable=True) as services:
        yield Ground(services, executables)


@pytest.mark.parametrize("how", ["fast", "immediate", "kill"])
def test_the_database_is_restarted_under_load(breakable_ground, how):
    """Lanes commit without waiting for the disk: what a crash of PostgreSQL takes back, positions and rows alike, is
    applied once more, and Kafka was told nothing of it."""
    services = breakable_ground.services
    with breakable_ground.world() as world:
        world.watch_positions()
        leads = firm.Leads(how)
        worker, relay = world.start(LANES=2), world.start("relay-events")
        for _ in range(ROUNDS):
            world.publish(leads.take(500))
            applied = world.applied()
            world.publish(leads.take(1000))
            until(lambda: world.applied() > applied, "the load to be under way")
            if how == "kill":
                services.kill("postgres")
                services.start("postgres")
            else:
                services.restart("postgres", how)
        worker.until_ready()
        relay.until_ready()
        finish(world)


def test_the_broker_is_killed_and_comes_back(breakable_ground):
    """Lanes are under load; the relay has nothing in flight. The development broker, killed in the middle of a
    producer's batch, remembers the batch's number before its records: the retry is acknowledged and nothing is there."""
    services = breakable_ground.services
    # This broker lists all that it stores at each fetch, for each partition: two are enough.
    with breakable_ground.world(shared_broker=True, partitions=2) as world:
        world.watch_positions()
        leads = firm.Leads("broker")
        worker, relay = world.start().until_ready(), world.start("relay-events").until_ready()
        for _ in range(2):
            world.until_published()
            relay.freeze()
            world.publish(leads.take(600))
            services.kill("broker")
            services.start("broker")
            relay.thaw()
            world.publish(leads.take(300))
            world.until_applied()
        worker.until_ready()
        relay.until_ready()
        finish(world)
