"""What came of an archive, in a table: how many messages of each kind, and which are wrong and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from smime.archive import MessageRecord
from smime.findings import CATALOGUE, Effect
from smime.printable import clean

__all__ = ["Summary"]

_STATUSES = (
    ("signed-and-encrypted", "green"),
    ("signed", "green"),
    ("encrypted", "green"),
    ("unprotected", ""),
    ("protection does not hold", "yellow"),
    ("not looked at", "dim"),
    ("unreadable", "red"),
)
_CLOSED = ("no-matching-recipient", "decryption-failed", "encryption-algorithm-forbidden", "encryption-malformed", "unsupported")


@dataclass
class _Group:
    """Messages with one thing wrong."""

    verdict: str
    sentence: str
    count: int = 0
    first: str = ""


def _place(record: MessageRecord) -> str:
    if record.offset is not None:
        return f"{record.source}:{record.offset}"
    return f"{record.source}/{record.file}" if record.file and not record.source.endswith(record.file) else record.source


@dataclass
class Summary:
    """Counts records as they pass.

    Attributes:
        all_decrypted: a message for somebody else is wrong as well.
        judged: there were anchors to judge signers by.
        messages: how many.
        octets: how large together.
        bad: how many could not be read, are not VALID, or were not decrypted.
    """

    all_decrypted: bool = False
    judged: bool = True
    messages: int = 0
    octets: int = 0
    bad: int = 0
    _statuses: Counter[str] = field(default_factory=Counter)
    _valid: Counter[str] = field(default_factory=Counter)
    _wrong: dict[tuple[str, str], _Group] = field(default_factory=dict)
    _remarks: Counter[str] = field(default_factory=Counter)

    def add(self, record: MessageRecord) -> None:
        """Count a record."""
        self.messages += 1
        self.octets += record.size
        if record.error is not None:
            self._statuses["unreadable"] += 1
            self._add_wrong(record, "unreadable", "", record.error)
        else:
            status = record.status or "not looked at"
            if status == "unprotected" and (record.verdict is not None or record.decrypted is False):
                status = "protection does not hold"
            self._statuses[status] += 1
            codes = record.all_findings()
            code = self._decisive(codes)
            closed = next((code for code in codes if code in _CLOSED), "") if record.decrypted is False else None
            if record.verdict not in {None, "valid"} and (self.judged or record.verdict == "invalid"):
                self._add_wrong(record, str(record.verdict), code or "", record.reason or "")
            elif closed is not None:
                expected = closed == "no-matching-recipient" and not self.all_decrypted
                self._add_wrong(record, "not decrypted", closed, record.reason or "", bad=not expected)
            for remark in codes:
                kind = CATALOGUE.get(remark)
                if kind is not None and kind.effect is Effect.NONE and kind.severity.value == "warning" and remark not in _CLOSED:
                    self._remarks[remark] += 1

    @staticmethod
    def _decisive(codes: tuple[str, ...]) -> str | None:
        kinds = [CATALOGUE[code] for code in codes if code in CATALOGUE]
        against = [kind for kind in kinds if kind.effect is not Effect.NONE]
        return max(against, key=lambda kind: kind.effect.value).code if against else None

    def _add_wrong(self, record: MessageRecord, verdict: str, code: str, sentence: str, *, bad: bool = True) -> None:
        self.bad += bad
        group = self._wrong.setdefault((verdict, code or sentence.partition(" at offset ")[0]), _Group(verdict, sentence))
        group.count += 1
        group.first = group.first or _place(record)

    def show(self, console: Console, title: str, seconds: float) -> None:
        """Print the tables."""
        rate = f", {self.messages / seconds:,.0f} messages/s" if seconds > 0 else ""
        console.print(Text(f"{clean(title)}: {self.messages:,} messages, {_size(self.octets)} in {seconds:.1f} s{rate}", "bold"))
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("status of the whole message")
        table.add_column("messages", justify="right")
        for status, style in _STATUSES:
            if self._statuses[status]:
                table.add_row(Text(status, style), f"{self._statuses[status]:,}")
        console.print(table)
        if self._wrong:
            console.print()
            console.print(self._wrong_table())
        if self._remarks:
            console.print()
            table = Table(box=None, pad_edge=False, header_style="dim")
            table.add_column("also noticed")
            table.add_column("messages", justify="right")
            for code, count in self._remarks.most_common():
                table.add_row(Text(code), f"{count:,}")
            console.print(table)

    def _wrong_table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("wrong")
        table.add_column("messages", justify="right")
        table.add_column("why", ratio=3, overflow="fold")
        table.add_column("the first of them", ratio=2, overflow="fold")
        order = {"invalid": 0, "indeterminate": 1, "not decrypted": 2, "unreadable": 3}
        for (verdict, code), group in sorted(self._wrong.items(), key=lambda item: (order.get(item[0][0], 9), -item[1].count, item[0][1])):
            style = "red" if verdict in {"invalid", "unreadable"} else "yellow"
            why = Text(clean(group.sentence or code))
            if code in CATALOGUE:
                why.append(f" [{code}]", "dim")
            table.add_row(Text(verdict, style), f"{group.count:,}", why, Text(clean(group.first), "dim"))
        return table


def _size(octets: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if octets >= factor:
            return f"{octets / factor:,.1f} {unit}"
    return f"{octets} bytes"
