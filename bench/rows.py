"""What a measurement prints: one row a bar, met or missed and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        ours, other: printed values, such as "251 µs"; the median, with the best in brackets.
        measured: the number that the bar is about.
        bar: the number to reach; None if there is none.
        sense: whether the bar is a floor or a ceiling.
        unit: of measured and bar, such as "x raw".
        peers: what others take in the same run.
    """

    what: str
    ours: str
    other: str
    measured: float
    bar: float | None = None
    sense: Literal["<=", ">="] = "<="
    unit: str = "x raw"
    peers: str = ""

    @property
    def met(self) -> bool | None:
        if self.bar is None:
            return None
        return self.measured <= self.bar if self.sense == "<=" else self.measured >= self.bar

    @property
    def outcome(self) -> str:
        """Whether the bar was met, and how far off it was if not."""
        if self.bar is None:
            return ""
        if self.met:
            return "met"
        off = self.measured / self.bar if self.sense == "<=" else self.bar / self.measured
        return f"missed by {100 * (off - 1):.0f} %"


HEADINGS = ("what", "ours", "compared with", "measured", "bar", "", "others in the same run")


def cells(row: Row) -> tuple[str, ...]:
    bar = "" if row.bar is None else f"{row.sense} {row.bar:g} {row.unit}"
    return (row.what, row.ours, row.other, f"{row.measured:.3g} {row.unit}", bar, row.outcome, row.peers)


def markdown(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(cells(row) for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def microseconds(seconds: float) -> str:
    value = seconds * 1e6
    return f"{value:.1f} µs" if value < 100 else f"{value:.0f} µs" if value < 10_000 else f"{value / 1e3:.1f} ms"


def rate(octets: int, seconds: float) -> str:
    value = octets / seconds / 1e6
    return f"{value:.0f} MB/s" if value < 10_000 else f"{value / 1e3:.1f} GB/s"
