"""When mainland China's offices are at work: hours, public holidays and the weekends that are worked for them."""

# Public holidays of 2026 and the make-up days, as the State Council announced them. Of 2027 the days that the law names:
# those that are moved to make long weeks are announced in the autumn before, and then belong here.
HOLIDAYS = [
    ("2026-01-01", "2026-01-03", "元旦"),
    ("2026-02-15", "2026-02-23", "春节"),
    ("2026-04-04", "2026-04-06", "清明节"),
    ("2026-05-01", "2026-05-05", "劳动节"),
    ("2026-06-19", "2026-06-21", "端午节"),
    ("2026-09-25", "2026-09-27", "中秋节"),
    ("2026-10-01", "2026-10-07", "国庆节"),
    ("2027-01-01", "2027-01-01", "元旦"),
    ("2027-02-05", "2027-02-08", "春节"),
    ("2027-04-05", "2027-04-05", "清明节"),
    ("2027-05-01", "2027-05-02", "劳动节"),
    ("2027-06-09", "2027-06-09", "端午节"),
    ("2027-09-15", "2027-09-15", "中秋节"),
    ("2027-10-01", "2027-10-03", "国庆节"),
]
# Each is worked like the weekday whose hours it has.
MAKE_UP_DAYS = [
    ("2026-01-04", 5), ("2026-02-14", 1), ("2026-02-28", 2), ("2026-05-09", 2), ("2026-09-20", 4), ("2026-10-10", 5),
]  # fmt: skip


def calendars():
    """`CN` has no end, so that this example is good for as long as it is kept; a firm's own says `knownUntil`."""
    days = [{"day": first, "until": last, "name": name} for first, last, name in HOLIDAYS]
    days += [{"day": day, "asWeekday": weekday, "name": "调休上班"} for day, weekday in MAKE_UP_DAYS]
    yield {
        "code": "CN",
        "name": "中国大陆工作日",
        "hours": [
            {"weekdays": "1-5", "opens": "09:00", "closes": "11:30"},
            {"weekdays": "1-5", "opens": "13:00", "closes": "17:30"},
        ],
        "days": days,
    }
    # No hours at all: an office that is closed until further notice, whatever the time.
    yield {"code": "CLOSED", "name": "暂停营业"}
