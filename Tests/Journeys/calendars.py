"""When people are at work, written down a second time, for the judge."""

from datetime import time
from zoneinfo import ZoneInfo


class Calendars:
    def __init__(self, evidence):
        self.until = {row.id: row.known_until for row in evidence.rows("calendar")}
        self.days = {(row.calendar_id, row.day): row.as_weekday for row in evidence.rows("calendar_day")}
        self.hours = [(row.calendar_id, row.weekday, row.opens, row.closes) for row in evidence.rows("calendar_hours")]

    def obstacle(self, calendar, zone, at):
        """Why nobody works then; None where work is done. Without a calendar that is always."""
        if calendar is None:
            return None
        local = at.astimezone(ZoneInfo(zone))
        day = local.date()
        if self.until[calendar] is not None and day > self.until[calendar]:
            return "calendar-ended"
        weekday = self.days.get((calendar, day), day.isoweekday())
        if weekday is None:
            return "holiday"
        for of, on, opens, closes in self.hours:
            if (of, on) == (calendar, weekday) and opens <= local.time() and (closes == time.max or local.time() < closes):
                return None
        return "off-hours"
