"""The one table at the end."""

from dataclasses import dataclass


@dataclass
class Row:
    what: str
    ours: str
    peer: str
    figure: str
    goal: str = ""
    met: bool | None = None  # None: there is no goal, or nothing to judge by
    note: str = ""

    def cells(self):
        verdict = "" if self.met is None else "yes" if self.met else "NO"
        return [self.what, self.ours, self.peer, self.figure, self.goal, verdict, self.note]


def not_measured(what, why):
    return Row(what, "", "", "not measured", "", False, str(why))


HEADS = ["", "freshet", "peer", "compared", "goal", "met", ""]


def print_table(rows):
    lines = [HEADS] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    for number, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    judged = [row for row in rows if row.met is not None]
    missed = [row.what for row in judged if not row.met]
    print(f"\n{len(judged) - len(missed)} of {len(judged)} goals met" + (": not " + "; ".join(missed) if missed else "."))


def microseconds(figures, *names):
    return " / ".join(f"{figures[name]:.0f}" for name in names) + " us"


def thousands(number):
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e3 else f"{number:.0f}"


def mebibytes(number):
    return f"{number / 2**20:.1f} MiB"
