"""Records of the place automaton, and the region paths (`CN`, `CN-GD`, `CN-GD/Shenzhen`) that they stand for."""

import subdivisions

NONE8, NONE16 = 0xFF, 0xFFFF


class Places:
    def __init__(self, regions, numbers, outcomes, roots, texts):
        self._regions, self._numbers, self._outcomes = regions, numbers, outcomes
        self._roots, self._texts = roots, texts
        self._records, self._ids, self._countries = [], {}, {}
        self._reachable = {}
        self._paths = {}  # text -> (parent's text or None, name, length of the part of it that counts)
        for _, name, _ in regions.all:
            self._paths.setdefault(name, (None, name, len(name)))

    def record(self, english, chinese, zones, prefix):
        """The record for these values, noting every country in which a number with this prefix can be."""
        if english is None and chinese is None and zones == NONE16:
            return None
        key = (english, chinese, zones)
        if key not in self._ids:
            self._ids[key] = len(self._records)
            self._records.append(key)
            self._countries[self._ids[key]] = set()
        self._countries[self._ids[key]] |= self._countries_of(prefix)
        return self._ids[key]

    def _countries_of(self, prefix):
        """Which countries a number with this prefix, calling code included, can be of."""
        for length in range(1, min(3, len(prefix)) + 1):
            root = self._roots.get(int(prefix[:length]))
            if root is not None:
                node = root
                for digit in map(int, prefix[length:]):
                    node = self._numbers.nodes[node][1][digit]
                return self._reachable_from(node)
        return frozenset()

    def _reachable_from(self, node):
        """Regions of the numbers with a known kind that can still be read from here."""
        if node not in self._reachable:
            output, children = self._numbers.nodes[node]
            region, kind, _ = self._outcomes.all[output]
            found = {region} if kind != 0 and region != NONE8 else set()
            for child in set(children) - {0}:
                found |= self._reachable_from(child)
            self._reachable[node] = frozenset(found)
        return self._reachable[node]

    def _path(self, country, english, country_name):
        if not english or english == country_name:
            return country
        subdivision, city = subdivisions.split(country, english)
        if subdivision is None and country in subdivisions.COUNTRIES:
            raise SystemExit(f"{country}: no ISO 3166-2 code is known for {english!r}")
        path = country
        if subdivision:
            self._paths.setdefault(subdivision, (country, subdivision, len(subdivision)))
            path = subdivision
        if city:
            name = f"{path}/{city}"
            self._paths.setdefault(name, (path, english, len(city.encode())))
            path = name
        return path

    def finish(self, country_name):
        """Returns the records with their path, the paths that differ by country, and the paths in order of their
        text, so that everything inside a region lies between it and its end."""
        by_record = []
        for index, (english, _, _) in enumerate(self._records):
            names = [(region, self._regions.all[region][1]) for region in sorted(self._countries[index])]
            by_record.append([(region, self._path(name, english, country_name(name))) for region, name in names])
        order = sorted(self._paths, key=lambda text: text.encode())
        self._order = {text: index for index, text in enumerate(order)}
        if len(order) >= NONE16 or len(self._records) >= NONE16:
            raise SystemExit("too many region paths for 16 bits")
        records, exceptions = [], []
        for (english, chinese, zones), paths in zip(self._records, by_record):
            if len(paths) > 1:
                exceptions += [(len(records), region, self._order[path]) for region, path in paths[1:]]
            records.append((
                NONE16 if english is None else self._texts.id(english),
                NONE16 if chinese is None else self._texts.id(chinese),
                zones, self._order[paths[0][1]] if paths else NONE16))
        rows = []
        for index, text in enumerate(order):
            end = index + 1
            while end < len(order) and self._inside(order[end], text):
                end += 1
            parent, name, length = self._paths[text]
            rows.append((NONE16 if parent is None else self._order[parent], end, self._texts.id(name), length))
        return records, exceptions, rows

    @staticmethod
    def _inside(inner, outer):
        return inner.startswith(outer) and inner[len(outer)] in "-/"

    def country_path(self, country):
        return self._order[country]
