"""A large message that was cut off or changed is refused, and leaves neither a target nor a temporary file.

`SMIME_STREAM_SIZE` sets the octets of the messages; they are large enough by default for everything to be streamed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.operations.people import identity, person, signer, trust

import smime
import smime.files
from smime.errors import SMIMEError

SIZE = int(os.environ.get("SMIME_STREAM_SIZE", "2000000"))
LINE = b"The quick brown fox jumps over the lazy dog, again and again.\r\n"
HEAD = b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
BLOCK = LINE * (1 << 10)


def names(folder: Path) -> list[str]:
    """Return all that is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class Plain:
    """A message that is made as it is read."""

    def __iter__(self) -> Any:
        yield HEAD
        for _ in range(SIZE // len(BLOCK) + 1):
            yield BLOCK


WRITERS: dict[str, Callable[[Path], object]] = {
    **{
        f"{cipher} {encoding}": lambda target, cipher=cipher, encoding=encoding: smime.files.encrypt(  # type: ignore[misc] # the loop's values
            Plain(), target, person("rsa2048").certificate, content_encryption=cipher, encoding=encoding
        )
        for cipher in ("aes-256-gcm", "aes-256-cbc", "chacha20-poly1305")
        for encoding in ("smime", "der")
    },
    "detached smime": lambda target: smime.files.sign(Plain(), target, signer("rsa2048")),
    "opaque smime": lambda target: smime.files.sign(Plain(), target, signer("rsa2048"), detached=False),
    "opaque der": lambda target: smime.files.sign(Plain(), target, signer("rsa2048"), detached=False, encoding="der"),
}


@pytest.fixture(params=WRITERS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    place = tmp_path_factory.getbasetemp() / f"stream-{request.param.replace(' ', '-')}"
    if not place.exists():
        WRITERS[request.param](place)
    return request.param, place


def read(name: str, source: Any, target: Any) -> object:
    if name.startswith(("detached", "opaque")):
        return smime.files.verify(source, target, trust(), sender="alice@example.org")
    return smime.files.decrypt(source, target, identity("rsa2048"))


class Changed(io.RawIOBase):
    """A file with some octets changed and cut off at some place."""

    def __init__(self, path: Path, changes: dict[int, int], size: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._changes = changes
        self._left = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self._left]
        count = self._file.readinto(view)
        for place, mask in self._changes.items():
            if self._at <= place < self._at + count:
                view[place - self._at] ^= mask
        self._at += count
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@pytest.fixture
def target(tmp_path: Path) -> Any:
    """A target that must not come into being, in a folder that must stay empty, temporary files included."""
    place = tmp_path / "there"
    place.mkdir()
    yield place / "target"
    assert names(place) == []


def test_as_written(written: tuple[str, Path], tmp_path: Path) -> None:
    name, source = written
    read(name, source, tmp_path / "target")
    with (tmp_path / "target").open("rb") as file:
        head = file.read(1000)
        assert head.endswith(LINE[: 1000 - head.index(LINE)][-10:]) or LINE in head
        file.seek(-len(LINE), os.SEEK_END)
        assert file.read() == LINE


@pytest.mark.parametrize("where", [0.0, 0.001, 0.5, 0.999, -1, -2, -16, -200])
def test_cut_off(written: tuple[str, Path], target: Path, where: float) -> None:
    name, source = written
    size = source.stat().st_size
    keep = int(size * where) if where >= 0 else size + int(where)
    if name in {"detached smime"} and where in {-1, -2}:
        pytest.skip("the octets behind the close delimiter of a multipart say nothing")
    if "smime" in name and where in {-1, -2}:
        pytest.skip("nothing but a line end")
    with Changed(source, {}, keep) as cut, pytest.raises(SMIMEError):
        read(name, cut, target)


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_changed(written: tuple[str, Path], target: Path, where: float) -> None:
    name, source = written
    if "cbc" in name:
        pytest.skip("CBC notices nothing but its padding")
    size = source.stat().st_size
    place = int(size * where)
    with source.open("rb") as file:
        file.seek(place)
        piece = file.read(200)
    place += next(at for at, octet in enumerate(piece) if octet not in b"\r\n=") if "smime" in name else 100
    with Changed(source, {place: 1}, size) as changed, pytest.raises((smime.DecryptionFailed, smime.VerificationError, smime.ParseError)):
        read(name, changed, target)


def test_tag_broken(target: Path, tmp_path: Path) -> None:
    for cipher in ("aes-256-gcm", "chacha20-poly1305"):
        source = tmp_path / "source"
        WRITERS[f"{cipher} der"](source)
        end = source.stat().st_size
        # streamed with indefinite lengths: the tag stands before the three last end-of-contents
        with Changed(source, {end - 7: 0x80}, end) as changed, pytest.raises(smime.DecryptionFailed):
            read("", changed, target)


def test_padding_broken(target: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    WRITERS["aes-256-cbc der"](source)
    end = source.stat().st_size
    with Changed(source, {end - 11: 0xFF}, end) as changed, pytest.raises(smime.DecryptionFailed):
        read("", changed, target)


def test_streams_get_nothing_either(written: tuple[str, Path]) -> None:
    name, source = written
    size = source.stat().st_size
    stream = io.BytesIO()
    with Changed(source, {}, size // 2) as cut, pytest.raises(SMIMEError):
        read(name, cut, stream)
    assert stream.getvalue() == b""


def test_an_old_target_stays(written: tuple[str, Path], tmp_path: Path) -> None:
    name, source = written
    old = tmp_path / "target"
    old.write_bytes(b"old")
    with Changed(source, {}, source.stat().st_size // 2) as cut, pytest.raises(SMIMEError):
        read(name, cut, old)
    assert old.read_bytes() == b"old"
    assert names(tmp_path) == ["target"]


def test_sources_that_fail(target: Path) -> None:
    def chunks() -> Any:
        yield HEAD
        yield BLOCK * 10
        raise ConnectionResetError("gone")

    for operation in (
        lambda: smime.files.sign(chunks(), target, signer("rsa2048")),
        lambda: smime.files.encrypt(chunks(), target, person("rsa2048").certificate),
        lambda: smime.files.compress(chunks(), target),
    ):
        with pytest.raises(ConnectionResetError):
            operation()
