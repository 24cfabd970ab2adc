"""What a bench prints and writes: measures with medians, spread and comparisons."""

import json
import statistics


class Report:
    def __init__(self, bench):
        self.bench = bench
        self.rows = []

    def add(self, measure, values, unit, against=None, ratio=None):
        """`ratio` is ours over theirs, `against` names theirs."""
        row = {"bench": self.bench, "measure": measure, "value": statistics.median(values), "unit": unit}
        if len(values) > 1:
            row["lowest"], row["highest"] = min(values), max(values)
        if against:
            row["against"], row["ratio"] = against, round(ratio, 3)
        self.rows.append(row)

    def print(self):
        wide = max(len(row["measure"]) for row in self.rows) + 1
        unit = max(len(row["unit"]) for row in self.rows) + 2
        print(f"{'measure':{wide}}{'median':>10}{'lowest':>10}{'highest':>10}  {'unit':{unit}}compared")
        for row in self.rows:
            shown = (number(row[each]) if each in row else "" for each in ("value", "lowest", "highest"))
            values = "".join(f"{each:>10}" for each in shown)
            compared = f"{row['ratio']:.3g} times {row['against']}" if "against" in row else ""
            print(f"{row['measure']:{wide}}{values}  {row['unit']:{unit}}{compared}".rstrip())

    def write(self, path):
        with open(path, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in self.rows)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
