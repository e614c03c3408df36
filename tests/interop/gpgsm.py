"""`gpgsm` with a home of its own, whose agent dies with it.

Private keys are written straight into the agent's store, unprotected, as canonical S-expressions: no passphrase is asked for, no
PKCS #12 has to be understood.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.interop.peers import Peer, PeerFailed, PeerMissing, run
from tests.interop.people import People, Person

_CURVES = {"secp256r1": b"NIST P-256", "secp384r1": b"NIST P-384", "secp521r1": b"NIST P-521", "brainpoolP256r1": b"brainpoolP256r1"}


def _atom(value: bytes) -> bytes:
    return b"%d:%b" % (len(value), value)


def _number(name: bytes, value: int) -> bytes:
    return b"(" + _atom(name) + _atom(value.to_bytes(value.bit_length() // 8 + 1, "big")) + b")"


def _s_expression(key: Any) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        p, q = sorted((numbers.p, numbers.q))  # libgcrypt wants p < q and u = 1/p mod q
        public = numbers.public_numbers
        parts = [(b"n", public.n), (b"e", public.e), (b"d", numbers.d), (b"p", p), (b"q", q), (b"u", pow(p, -1, q))]
        inner = _atom(b"rsa") + b"".join(_number(name, value) for name, value in parts)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.private_numbers()
        size = (key.curve.key_size + 7) // 8
        point = b"\x04" + numbers.public_numbers.x.to_bytes(size, "big") + numbers.public_numbers.y.to_bytes(size, "big")
        curve = b"(" + _atom(b"curve") + _atom(_CURVES[key.curve.name]) + b")"
        inner = _atom(b"ecc") + curve + b"(" + _atom(b"q") + _atom(point) + b")" + _number(b"d", numbers.private_value)
    else:
        raise PeerFailed("gpgsm knows no such key")
    return b"(" + _atom(b"private-key") + b"(" + inner + b"))"


class Gpgsm(Peer):
    name = "gpgsm"

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        for program in ("gpgsm", "gpgconf", "gpg-agent"):
            if shutil.which(program) is None:
                raise PeerMissing(f"no {program}")
        # the socket's path must be short
        self._home = Path(tempfile.mkdtemp(prefix="gsm"))
        self._environment = {**os.environ, "GNUPGHOME": str(self._home), "LC_ALL": "C"}
        keys = self._home / "private-keys-v1.d"
        keys.mkdir(mode=0o700)
        fingerprint = people.root.certificate.fingerprint(hashes.SHA1()).hex().upper()
        (self._home / "trustlist.txt").write_text(f"{fingerprint} S relax\n")
        (self._home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\nno-secmem-warning\n")
        (self._home / "gpg-agent.conf").write_text("no-allow-mark-trusted\nallow-loopback-pinentry\n")
        try:
            self._fill(keys)
        except BaseException:
            self.close()
            raise

    def _fill(self, keys: Path) -> None:
        people = self.people
        for person in (people.root, people.intermediate, *people.persons.values()):
            try:
                self._run("--import", person.certificate_file)
            except PeerFailed:
                continue  # a kind of key it does not know: each test that needs it fails with its words
        # it lists what it can and then fails, if there is a key of which it cannot tell the grip
        command = ["gpgsm", "--batch", "--quiet", "--with-colons", "--with-keygrip", "--list-keys"]
        listed = subprocess.run(command, capture_output=True, env=self._environment, timeout=60, check=False).stdout
        grips: dict[str, str] = {}
        grip = ""
        for line in listed.decode().splitlines():
            fields = line.split(":")
            if fields[0] == "grp":
                grip = fields[9]
            elif fields[0] == "uid" and fields[9].startswith("<") and grip:
                grips[fields[9].strip("<>").partition("@")[0]] = grip
            elif fields[0] == "crt":
                grip = ""
        for name, person in people.persons.items():
            if person.pkcs12_file.exists():
                path = keys / f"{grips[name]}.key"
                path.write_bytes(_s_expression(person.key))
                path.chmod(0o600)

    def close(self) -> None:
        run(["gpgconf", "--kill", "all"], environment=self._environment)
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, *arguments: str | Path, stdin: bytes | None = None) -> bytes:
        return run(["gpgsm", "--batch", "--quiet", *arguments], stdin=stdin, environment=self._environment)

    def version(self) -> str:
        return run(["gpgsm", "--version"]).decode().splitlines()[0]

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        if algorithm == "rsa-pss":
            raise PeerFailed("gpgsm cannot be asked for RSA-PSS")
        how = ["--detach-sign"] if detached else ["--sign"]
        return self._run(*how, "--digest-algo", digest, "--include-certs", "2", "--local-user", signer.address, stdin=content)

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        if content is not None:
            self._run("--verify", self.file(message), self.file(content))
            return content
        out = self.folder / "gpgsm.out"
        out.unlink(missing_ok=True)
        self._run("--output", out, "--verify", self.file(message))
        return out.read_bytes()

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if key_encryption.startswith("rsa-oaep"):
            raise PeerFailed("gpgsm cannot be asked for OAEP")
        name = {"aes-128-cbc": "AES", "aes-192-cbc": "AES192", "aes-256-cbc": "AES256", "des-ede3-cbc": "3DES"}.get(cipher, cipher)
        to = [word for recipient in recipients for word in ("--recipient", recipient.address)]
        return self._run("--encrypt", "--cipher-algo", name, *to, stdin=content)

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        return self._run("--decrypt", stdin=message)
