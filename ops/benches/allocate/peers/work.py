"""The loop that the peers share: poll, read, one transaction, publish."""

import argparse
import gc
import json
import os

import psycopg

from .allocation import Allocation, Event
from .reading import Phones
from .stream import Stream


def main(name, batch, writer):
    parser = argparse.ArgumentParser()
    parser.add_argument("--regions", required=True, help="JSON file of prefixes and regions")
    parser.add_argument("--events", type=int, required=True, help="end after so many")
    options = parser.parse_args()
    with open(options.regions) as file:
        phones = Phones(json.load(file))
    connection = psycopg.connect(
        "", autocommit=True, prepare_threshold=0, application_name=name,
        options=f"-c search_path=millrace -c TimeZone=UTC -c jit=off "
                f"-c synchronous_commit={os.environ.get('SYNCHRONOUS_COMMIT', 'on')}")  # fmt: skip
    # At least once means to read one's own history again; the worker, exactly once, need not and may not.
    connection.execute("grant select on lead_history to millrace_allocate_leads")
    connection.execute("set role millrace_allocate_leads")
    cursor = connection.cursor(binary=True)
    allocation = Allocation(connection, cursor)
    writer = writer(connection, cursor, allocation, name)
    # Many transactions of one message share a poll and an acknowledgement.
    stream = Stream(name, max(batch, 500))
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    left = options.events
    while left > 0:
        polled = stream.poll(left)
        if not polled:
            stream.settle()
            continue
        left -= len(polled)
        for start in range(0, len(polled), batch):
            messages = polled[start : start + batch]
            events = [Event(message, phones) for message in messages]
            with connection.transaction():
                sound = (event for event in reversed(events) if event.refused is None)
                known = writer.enter({event.identity: event.data for event in sound})
                fresh, repeated, letters = sort(events, known)
                allocation.load(fresh)
                allocation.decide(fresh)
                allocation.tell_again(repeated)
                writer.write(letters)
            stream.publish(os.getpid(), allocation.now, allocation.messages, letters, messages)
    stream.finish()


def sort(events, known):
    """New ones, those that were applied before, and refused ones; `known` is data by identity."""
    fresh, repeated, letters, here = [], [], [], {}
    for event in events:
        if event.refused is not None:
            letters.append(event)
            continue
        before = known.get(event.identity, here.get(event.identity))
        if before is None:
            here[event.identity] = event.data
            fresh.append(event)
        elif before != event.data:
            event.refused = ("id", "identity-reused", "another event of this source had the same id and other data")
            letters.append(event)
        elif event.identity in known:
            repeated.append(event)
    return fresh, repeated, letters
