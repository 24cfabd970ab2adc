"""Lines that no worker takes, each as some system really sent it. The number makes the next round another line."""

import json


def lead(number, **fields):
    whole = {"phone": f"+86138{number:08}", "source": "web", **fields}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}, ensure_ascii=False).encode()


def event(number, data=None, **attributes):
    """A CloudEvent in JSON."""
    whole = {"specversion": "1.0", "type": "lead.registered", "source": "/partner-bank", "id": f"P-{number}"}
    whole["time"] = "2025-11-03T09:30:00+08:00"
    whole |= attributes
    whole["data"] = data or {"phone": f"+86139{number:08}", "source": "partner-bank"}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}, ensure_ascii=False).encode()


BAD_LINES = [
    # Not JSON at all.
    lambda n: f"13812345678,王小明,web,{n}".encode(),
    lambda n: f"{{'phone': '138{n:08}', 'source': 'web'}}".encode(),
    lambda n: lead(n)[:-4],
    lambda n: b"[" * 40 + lead(n) + b"]" * 40,
    # Not UTF-8, or what the database cannot hold.
    lambda n: lead(n, name="王小明").decode().encode("gb18030"),
    lambda n: lead(n, name="王\0小明"),
    # A Confluent schema registry's frame before the JSON.
    lambda n: b"\0\0\0\0\x01" + lead(n),
    # Fields.
    lambda n: lead(n, phone=...),
    lambda n: lead(n, source=None),
    lambda n: lead(n, phone=13800000000 + n),
    lambda n: lead(n, name={"first": "小明", "last": "王"}),
    lambda n: b"[" + lead(n) + b"]",
    lambda n: lead(n, phone=""),
    lambda n: lead(n, phone="+86 138 1234 5678 (mobile, after six), +86 755 8888 8888 ext. 1234"),
    lambda n: lead(n, country="cn"),
    lambda n: lead(n)[:-1] + b', "source": "app"}',
    lambda n: lead(n, phone="call me after six"),
    lambda n: lead(n, phone=f"0138{n:07}", country="XX"),
    # One of these is enough.
    lambda n: lead(n, note="x" * 900_000) if n == 0 else lead(n, name=""),
    # CloudEvents attributes.
    lambda n: event(n, id=...),
    lambda n: event(n, specversion="0.3"),
    lambda n: event(n, type="lead.updated"),
    lambda n: event(n, time=1762133400),
    lambda n: event(n, time="2025-11-31 09:30"),
    # An id that its system gives to every lead: the first that comes is taken, the others are not.
    lambda n: event(2 * n, id="lead"),
    lambda n: event(2 * n + 1, id="lead"),
]
