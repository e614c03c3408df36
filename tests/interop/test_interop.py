"""Every exchange of the table: one side writes, the other reads, and the content comes out as it went in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.interop.ours import Ours
from tests.interop.peers import Peer, PeerFailed
from tests.interop.people import People
from tests.interop.table import Case, cases, limit_of

# A part with what breaks in transit: a soft break, trailing blanks, an empty line at the end.
CONTENT = (
    b'Content-Type: multipart/mixed; boundary="=_interop"\r\n\r\n'
    b"--=_interop\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe,=20\r\n=20a long line that goes =\r\non here.\r\n\r\n"
    b"--=_interop\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"AAECAwQFBgcICQoLDA0ODw==\r\n\r\n--=_interop--\r\n\r\n"
)
PASSWORD = "correct horse"
KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
KEY_ID = "0a0b0c"


@pytest.fixture(scope="session")
def ours(people: People, tmp_path_factory: pytest.TempPathFactory) -> Ours:
    return Ours(people, tmp_path_factory.mktemp("ours"))


def _exchange(case: Case, writer: Peer, reader: Peer, people: People) -> bytes:
    mail = case.form.startswith("mail")
    if case.operation == "sign":
        detached = case.form.endswith("detached")
        message = writer.sign(CONTENT, people[case.who], algorithm=case.algorithm, digest=case.parameter, detached=detached, mail=mail)
        return reader.verify(message, content=CONTENT if detached and not mail else None, mail=mail)
    if case.operation == "encrypt":
        message = writer.encrypt(CONTENT, [people[case.who]], cipher=case.parameter, key_encryption=case.algorithm, mail=mail)
        return reader.decrypt(message, people[case.who], mail=mail)
    options = {"cipher": case.parameter, "password": PASSWORD, "key": KEY, "key_id": KEY_ID}
    return reader.read_other(case.operation, writer.other(case.operation, CONTENT, **options), **options)


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.xdist_group(case.peer), id=str(case)) for case in cases()])
def test_exchange(
    case: Case, peer: Callable[[str], Peer], ours: Ours, people: People, record_property: Callable[[str, object], None]
) -> None:
    theirs = peer(case.peer)
    limit = limit_of(case, theirs.version())
    note = "" if limit is None else limit.words
    record_property("interop", (case.peer, case.operation, case.direction, case.title, note))
    if case.who:
        ours.sender = people[case.who].address
    writer, reader = (theirs, ours) if case.direction == "theirs to ours" else (ours, theirs)
    if limit is not None:
        with pytest.raises(PeerFailed, match=re.escape(limit.words or "")):
            _exchange(case, writer, reader, people)
        return
    assert _exchange(case, writer, reader, people) == CONTENT
