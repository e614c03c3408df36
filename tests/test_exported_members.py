"""`__all__` is what `smime` offers: complete, without strangers, and nothing in it is missing."""

from __future__ import annotations

import importlib
import pkgutil
import types
import typing

import pytest

import smime

CONTRACT = """
sign encrypt compress verify decrypt unwrap
Signer Identity Password KeyEncryptionKey ContentKey Keyring TrustStore load_identities
MessageSigner MessageVerifier MessageEncryptor MessageDecryptor
VerifiedMessage DecryptedMessage UnwrappedMessage VerificationReport Finding
Policy Limits policies algorithms files
SMIMEError ParseError NotProtected LimitExceeded UnsupportedError PolicyError KeyMismatchError VerificationError
DecryptionError NoMatchingRecipient DecryptionFailed
""".split()


@pytest.mark.parametrize("name", sorted(set(smime.__all__)))
def test_exported_names_exist(name: str) -> None:
    assert getattr(smime, name) is not None


def test_no_name_twice() -> None:
    assert len(smime.__all__) == len(set(smime.__all__))


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract_is_exported(name: str) -> None:
    assert name in smime.__all__ or isinstance(getattr(smime, name), types.ModuleType)


def test_nothing_public_is_left_out() -> None:
    public = {name for name, value in vars(smime).items() if not name.startswith("_") and not isinstance(value, types.ModuleType)}
    borrowed = {name for name in public if hasattr(typing, name)} | {"annotations"}
    assert public - borrowed <= set(smime.__all__)


def test_dir_shows_all() -> None:
    assert set(smime.__all__) <= set(dir(smime))


def _modules() -> list[str]:
    return [
        info.name
        for info in pkgutil.walk_packages(smime.__path__, "smime.")
        if not any(part.startswith("_") for part in info.name.split(".")[1:]) and not info.name.startswith("smime.cli")
    ]


@pytest.mark.parametrize("name", _modules())
def test_every_all_is_true(name: str) -> None:
    module = importlib.import_module(name)
    for exported in getattr(module, "__all__", ()):
        assert hasattr(module, exported), f"{name}.__all__ names {exported}"
