"""A folder with keys, certificates and messages, made once; and a runner that looks after what every command must keep to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.archive.world import World, mail, world

from smime.cli import main


@dataclass
class Done:
    """What came of a command."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode()


@dataclass
class Shell:
    """Runs commands in a folder of its own, beside the shared files."""

    files: Path
    folder: Path
    world: World

    def __call__(self, *arguments: object, stdin: bytes | None = None, env: dict[str, str] | None = None) -> Done:
        result = CliRunner(env={"SMIME_PASSWORD": None, **(env or {})}).invoke(main, [str(argument) for argument in arguments], input=stdin)
        assert isinstance(result.exception, SystemExit) or result.exception is None
        assert "Traceback" not in result.output
        return Done(result.exit_code, result.stdout_bytes, result.stderr)

    def fails(self, code: int, *arguments: object, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
        """Run a command that must fail: with this code, one line on stderr, nothing on stdout, and no file made or changed."""
        before = self._state()
        done = self(*arguments, stdin=stdin, env=env)
        assert done.code == code, done.stderr
        assert done.stdout == b""
        assert done.stderr.startswith("smime: ")
        assert done.stderr.count("\n") == 1, done.stderr
        assert self._state() == before
        return done.stderr

    def _state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def file(self, name: str) -> Path:
        return self.files / name


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = world()
    folder = tmp_path_factory.mktemp("cli")
    people.pki.write(folder)
    people.mallory.write(folder / "strangers")
    for name, octets in people.messages.items():
        (folder / f"{name.replace(' ', '-')}.eml").write_bytes(octets)
    (folder / "mail.eml").write_bytes(mail())
    (folder / "password").write_text("demo\nsecond line\n")
    (folder / "wrong-password").write_text("nonsense\n")
    return folder


@pytest.fixture
def smime(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    yield Shell(shared, tmp_path, world())
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")], "a temporary file was left"
