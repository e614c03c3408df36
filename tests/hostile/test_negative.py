"""The negative tests that every implementation of CMS needs, by subject: each is a named case or test here, with the error it must give.

What a case must come to stands beside it in `signatures`, `mails` and `encryption`; here is that none is missing. Numbers 5 to 7, 14 and 15
of the list (multiparts, addresses, protected headers, path building) are about mail and certificates and have their own tests.
"""

from __future__ import annotations

import importlib

import pytest
from tests.cms.test_hostile_ber import BOMBS
from tests.hostile import encryption, mails, signatures
from tests.hostile.cases import CASES

import smime
from smime.report import Verdict

assert mails
assert signatures
V15_PADDINGS = tuple(f"v15_{name}_{mode}" for name in encryption._BLOCKS for mode in ("gcm", "cbc"))
AEAD = ("aes_256_gcm", "aes_256_ccm", "chacha20_poly1305")

SIGNED: dict[str, tuple[str, ...]] = {
    # 1
    "contentType missing": ("content_type_missing",),
    "contentType wrong": ("content_type_wrong",),
    "contentType twice": ("content_type_twice", "content_type_twice_the_same"),
    "contentType with two values": ("content_type_two_values",),
    "messageDigest missing": ("message_digest_missing", "message_digest_unsigned"),
    "messageDigest wrong": ("message_digest_wrong", "message_digest_short", "message_digest_empty"),
    "messageDigest twice": ("message_digest_twice", "message_digest_two_values"),
    "no signedAttrs although the content is not id-data": ("no_attributes_for_other_content",),
    "signedAttrs not sorted": ("attributes_unsorted", "attributes_unsorted_but_signed_sorted"),
    "A0 hashed instead of 31": ("attributes_signed_with_their_tag",),
    # 2
    "signedAttrs presented as content": ("attributes_as_content", "attributes_as_detached_content"),
    "a DER set of attributes signed without attributes": ("attributes_made_to_be_signed",),
    # 3
    "CMSAlgorithmProtection of another digest": ("protection_of_another_digest",),
    "CMSAlgorithmProtection of another signature": ("protection_of_another_signature", "protection_of_a_mac"),
    "signingCertificateV2 of another certificate with the same key": ("certificate_swapped_for_one_of_the_same_key",),
    # 4
    "digestAlgorithm is not the hash of the ECDSA OID": ("ecdsa_of_another_digest",),
    "PSS with another hash": ("pss_of_another_digest",),
    "PSS without parameters": ("pss_without_parameters", "pss_with_null"),
    "PSS with trailer field 2": ("pss_trailer",),
    "PSS with another mask function than MGF1": ("pss_other_mask",),
    "DigestInfo with garbage behind": ("rsa_trailing_garbage",),
    "DigestInfo with a wrong NULL": ("rsa_other_parameters_in_digest_info",),
    # 12
    "octets behind the ContentInfo": ("trailing_octets",),
    "10 000 levels": ("nesting_of_10000", "nesting_of_octet_strings"),
    "a length beyond the input": ("length_beyond_the_input",),
    # 13
    "an RSA modulus of 2^20 bits": ("rsa_modulus_of_a_million_bits", "rsa_huge_modulus"),
    "e = 1": ("rsa_exponent_1",),
    "e even": ("rsa_even_exponent",),
    "e of 1000 bits": ("rsa_huge_exponent",),
}
ENCRYPTED: dict[str, tuple[str, ...]] = {
    # 8
    "RSA v1.5 with each malformed padding": V15_PADDINGS,
    "RSA v1.5 with a key of the wrong length": ("v15_short_key_gcm", "v15_long_key_gcm", "v15_empty_key_gcm"),
    "RSA v1.5 for the wrong recipient": ("v15_for_another_key",),
    "OAEP": ("oaep_changed", "oaep_other_label", "oaep_key_too_short", "oaep_for_another_key"),
    "AES wrap": ("key_wrap_changed", "key_wrap_cut", "key_wrap_not_of_blocks"),
    "PWRI": ("password_changed", "password_one_block", "password_empty"),
    "ML-KEM": ("kem_changed", "kem_wrong_size", "kem_for_another_key"),
    # 9
    "a GCM tag cut to 12, 8, 4 and 0": ("gcm_tag_of_12_where_16_is_announced", "gcm_tag_of_8", "gcm_tag_of_4", "gcm_tag_of_0"),
    "ICVlen absent with 12": ("gcm_tag_of_12_default",),
    "ICVlen absent with 16": ("gcm_tag_of_16_unannounced",),
    "ICVlen is not the length of the mac": ("gcm_tag_of_16_where_12_is_announced", "gcm_tag_of_12_where_16_is_announced"),
    "authAttrs changed": tuple(f"attributes_changed_{cipher}" for cipher in AEAD),
    "authAttrs removed": tuple(f"attributes_removed_{cipher}" for cipher in AEAD),
    "authAttrs added": tuple(f"attributes_added_{cipher}" for cipher in AEAD),
    "an empty nonce": ("gcm_nonce_empty",),
    "CCM with a nonce of 6 or 14": ("ccm_nonce_of_6", "ccm_nonce_of_14"),
    # 10
    "GCM presented as CBC": ("gcm_called_cbc", "derived_key_called_plain"),
    "cek-hkdf with another inner identifier": ("derived_key_with_another_inner_algorithm",),
    "a CBC gadget in front of HTML": ("cbc_gadget",),
    # 11
    "X25519 all-zero": ("x25519_low_order_zero",),
    "X25519 of low order": tuple(f"x25519_low_order_{name}" for name in encryption._LOW_ORDER),
    "a point off the curve": ("agreement_point_off_the_curve",),
    "a compressed point": ("agreement_compressed_point",),
    "a hybrid point": ("agreement_hybrid_point",),
    "the point at infinity": ("agreement_point_at_infinity",),
    "another curve than the recipient's": ("agreement_other_curve", "agreement_point_of_another_curve"),
    "ukm present and absent": ("agreement_with_ukm", "agreement_right", "agreement_ukm_removed", "agreement_ukm_added"),
    # 12
    "indefinite lengths at every level": ("indefinite_lengths",),
    # 13
    "PBKDF2 with 2^31 rounds": ("pbkdf2_bomb",),
}
# what decrypts although it looks odd, each for its reason
ALLOWED = {
    "gcm_tag_of_12_default": "RFC 5084 section 3.2: the default",
    "gcm_tag_of_16_unannounced": "RFC 8551 section 3.4 prints such a message",
    "agreement_compressed_point": "RFC 5753 section 7.1: may be",
    "agreement_with_ukm": "the control",
    "agreement_right": "the control",
    "indefinite_lengths": "RFC 5652 section 2: BER",
    "cbc_gadget": "nothing authenticates CBC; a finding says so",
    "trailing_octets": "ignored, and a finding says so",
}
TESTS: dict[str, tuple[str, ...]] = {
    # 8
    "the same time for every RSA v1.5 fault: bench/timing.py, reported": (),
    # 12
    "indefinite lengths at every level": ("tests.cms.test_reader:test_indefinite_lengths_everywhere",),
    "lengths that are not minimal": ("tests.cms.test_hostile_ber:test_lengths_with_leading_zeros",),
    "a million segments": ("tests.cms.test_hostile_ber:test_million_segments_are_content",),
    # 13
    "a zlib bomb": ("tests.hostile.test_encryption:test_bomb", "tests.hostile.test_encryption:test_bomb_of_bombs"),
    "zlib with a dictionary, and with data behind": ("tests.hostile.test_encryption:test_malformed_streams",),
    "compressed a hundred times": ("tests.hostile.test_encryption:test_compressed_a_hundred_times",),
}
WANTED_BOMBS = (
    "indefinite SEQUENCEs 10 000 deep",
    "OCTET STRING segments 10 000 deep",
    "a length of 2^40",
    "a million signerInfos",
    "a million certificates",
)


@pytest.mark.parametrize("what", SIGNED)
def test_signed(what: str) -> None:
    for name in SIGNED[what]:
        case = CASES[name]
        assert (case.verdict is Verdict.VALID) is (name in ALLOWED), name
        assert case.verdict is not Verdict.VALID or case.code is not None, "said, at least"


@pytest.mark.parametrize("what", ENCRYPTED)
def test_encrypted(what: str) -> None:
    for name in ENCRYPTED[what]:
        error = encryption.CASES[name].error
        assert (error is None) is (name in ALLOWED), name
        if what.startswith(("RSA v1.5", "OAEP", "AES wrap", "PWRI", "ML-KEM")):
            assert error is smime.DecryptionFailed, "one failure for every fault of a key"


@pytest.mark.parametrize("what", TESTS)
def test_tests(what: str) -> None:
    for name in TESTS[what]:
        module, _, function = name.partition(":")
        assert callable(getattr(importlib.import_module(module), function, None)), name


def test_bombs() -> None:
    assert set(WANTED_BOMBS) <= set(BOMBS)
