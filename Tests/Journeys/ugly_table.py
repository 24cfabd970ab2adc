"""Tables of leads as people export them, ugly in every way that we know of, with what must become of each row."""

import random
from dataclasses import dataclass, field

import firm

HEADING = ["手机号（必填）", "姓名", "来源渠道", "意向产品", "意向金额", "备注"]
WIDE = {ord("0") + digit: ord("０") + digit for digit in range(10)}
# Not at the beginning of a name: what a quote without end in the line before could take for its own end.
LETTERS = "王小明李娜张伟欧阳修赵敏𠮷𪚥鿿ㄅあЯéAnnLee·"


@dataclass
class Table:
    text: list = field(default_factory=list)
    # By line: the phone's digits and the name.
    good: dict = field(default_factory=dict)
    # By line: the reasons of which one is told.
    bad: dict = field(default_factory=dict)
    # Rows of a phone that has had another row before.
    repeats: int = 0
    line: int = 1

    def bytes(self, encoding):
        return b"".join(part if isinstance(part, bytes) else part.encode(encoding) for part in self.text)

    def add(self, text, lines=1):
        self.text.append(text)
        self.line += lines

    @property
    def leads(self):
        """The name that each phone has: the first one."""
        leads = {}
        for phone, name in self.good.values():
            leads.setdefault(phone, name)
        return leads


def table(seed, rows, separator=",", line_break="\r\n"):
    random_ = random.Random(seed)
    made = Table()
    made.add(separator.join(HEADING) + line_break)
    phones = numbers(random_)
    known = []
    for _ in range(rows):
        if random_.random() < 0.02:
            made.add(random_.choice(["", " ", separator * 3, "\u3000" + separator]) + line_break)
        if random_.random() < 0.06:
            bad_row(random_, made, next(phones), separator, line_break)
        elif known and random_.random() < 0.02:
            again(random_, made, random_.choice(known), separator, line_break)
        else:
            known.append(good_row(random_, made, next(phones), name_of(random_), separator, line_break))
    return made


def numbers(random_):
    prefixes = [prefix for some in firm.PREFIXES.values() for prefix in some]
    for number in random_.sample(range(len(prefixes) * 10_000), len(prefixes) * 10_000):
        yield f"{prefixes[number // 10_000]}{number % 10_000:04}"


def name_of(random_):
    return "".join(random_.choice(LETTERS) for _ in range(random_.randint(1, 6)))


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def written(random_, phone):
    """The number in one of the ways that tables have it."""
    return random_.choice([
        phone, phone, phone, quoted(phone), f" {phone}\u00a0", f"\u3000{phone}\u200b", phone.translate(WIDE),
        f'="{phone}"', quoted(f'="{phone}"'), f"{phone}.0", f"+86{phone}", f"'+86 {phone}", f"0086{phone}",
        f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"＋86（{phone[:3]}）{phone[3:]}", f"\ufeff{phone}",
    ])  # fmt: skip


def good_row(random_, made, phone, name, separator, line_break):
    lines = 1
    ugly = random_.random()
    if ugly < 0.1:
        name += random_.choice([separator, '"', "\n", "\r\n", "，", ";", "\t"]) + name_of(random_)
        lines += name.count("\n")
        shown = quoted(name)
    elif ugly < 0.2:
        shown = random_.choice([f" {name} ", f"{name}\u00a0", f' "{name}" ', f"\u3000{name}"])
    else:
        shown = name
    amount = random_.choice(["", "", "50万", '"12,345.60"', "￥100", "1000.00"])
    rest = random_.choice([["", ""], [amount, ""], [], [amount], [amount, "x", "", ""]])
    cells = [written(random_, phone), shown, random_.choice(["wechat", "app", ""]), random_.choice(["fund", ""]), *rest]
    made.good[made.line] = ("86" + phone, name)
    text = separator.join(cells) + line_break
    made.add(text, lines)
    return phone, name, text


def again(random_, made, row, separator, line_break):
    """The same row once more (the same event), or the same phone with another name (another event)."""
    phone, name, text = row
    if random_.random() < 0.5:
        name += f"二{made.repeats}"
        text = separator.join([phone, quoted(name), "", "", ""]) + line_break
        made.repeats += 1
    made.good[made.line] = ("86" + phone, name)
    made.add(text, 1 + name.count("\n"))


def bad_row(random_, made, phone, separator, line_break):
    line_end = separator.join(["", "", "", ""]) + line_break
    kinds = {
        "rounded-by-spreadsheet": f"{phone[0]}.{phone[1:3]}E+10{separator}赵六{line_end}",
        "missing": f" {separator}无号{line_end}",
        "not-a-number": f"无{separator}王{line_end}",
        "too-short": f"13{separator}王{line_end}",
        "too-long": f"{phone}/{phone}{separator}王{line_end}",
        "spreadsheet-error": f"{phone}{separator}#N/A{line_end}",
        "not-an-amount": separator.join([phone, "王", "", "", "很多", ""]) + line_break,
        "nul-character": f"{phone}{separator}王\0{line_end}",
        "too-many-cells": separator.join([phone, "王", "", "", "", "", "x", "y"]) + line_break,
        "wrong-byte": [f"{phone}{separator}王", b"\xff", line_end],
        "unclosed-quote": f'{phone}{separator}"王{line_end}',
        "text-after-quote": f'{phone}{separator}"王"x{line_end}',
    }
    reason = random_.choice(list(kinds))
    parts = kinds[reason]
    # What ends a quote without end depends on the lines behind it.
    made.bad[made.line] = {"unclosed-quote", "text-after-quote"} if reason == "unclosed-quote" else {reason}
    if isinstance(parts, str):
        made.add(parts)
    else:
        for part in parts[:-1]:
            made.add(part, 0)
        made.add(parts[-1])
