"""The bounds that keep hostile input cheap. Data only: every layer may take one of these and none changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for what a message may ask of its reader; `smime.LimitExceeded` names the field that was met.

    The defaults let every ordinary message through: they are ten or more times what the largest real mail in public test collections needs.
    Sizes are octets. Sizes of *content* are not bounded here, since content is streamed in constant memory; sizes of what has to be held
    in memory are.

    Attributes:
        header_size: one MIME header block.
        header_fields: fields in one header block.
        mime_depth: nesting of multipart and message parts.
        mime_parts: parts in one message.
        asn1_depth: nesting of BER/DER elements.
        asn1_elements: elements in one indexed structure.
        asn1_segments: segments of one constructed OCTET STRING.
        structure_size: any part of a CMS object other than its content: certificates, signerInfos, recipientInfos, attributes.
        signature_part_size: the body of the signature part of a multipart/signed, still transfer-encoded.
        certificates: certificates in one message.
        crls: revocation lists and other revocation information in one message.
        signers: SignerInfos in one SignedData.
        recipients: RecipientInfos (and recipientEncryptedKeys) in one envelope.
        attributes: attributes in one set.
        layers: nesting of cryptographic layers.
        decompressed_size: output of one CompressedData.
        decompression_ratio: output over input of one CompressedData, judged once the output is above 1 MiB.
        kdf_iterations: PBKDF2 rounds.
        kdf_memory: scrypt memory.
        rsa_modulus_bits: modulus of any RSA key in the input.
        rsa_exponent_bits: public exponent of any RSA key in the input.
        path_candidates: work on one certificate's paths, in units of what verifying a signature with RSA 2048 takes, about 15 to 40
            microseconds: two certificates read count for 3 (one larger than 8 KiB for 2 more with each KiB above), each signature for 3
            (RSA 2048), 6 (P-256) or up to 35, each path that is validated with care for 34 and more, and statements about revocation that
            are no plain lists for 30, and 8 with each further one.
        revocation_candidates: revocation lists of the message looked at for one path; at most 3 by one issuer, and 2 OCSP responses about
            one certificate.
        revocation_size: octets of the message's revocation lists and OCSP responses looked at for one path; what is larger leaves
            revocation unknown.
        path_length: certificates in one certification path.
        name_constraint_checks: names times constraints compared for one path, and four times the number of both.
    """

    header_size: int = 1 << 20
    header_fields: int = 10_000
    mime_depth: int = 64
    mime_parts: int = 100_000
    asn1_depth: int = 64
    asn1_elements: int = 2_000_000
    asn1_segments: int = 1 << 26
    structure_size: int = 64 << 20
    signature_part_size: int = 96 << 20
    certificates: int = 1_000
    crls: int = 1_000
    signers: int = 100
    recipients: int = 10_000
    attributes: int = 1_000
    layers: int = 32
    decompressed_size: int = 16 << 30
    decompression_ratio: int = 1_100
    kdf_iterations: int = 10_000_000
    kdf_memory: int = 256 << 20
    rsa_modulus_bits: int = 8_192
    rsa_exponent_bits: int = 33
    path_candidates: int = 140
    revocation_candidates: int = 16
    revocation_size: int = 1 << 18
    path_length: int = 16
    name_constraint_checks: int = 2_000

    def replace(self, **changes: int) -> Limits:
        """Return a copy with some bounds changed."""
        return replace(self, **changes)


DEFAULT_LIMITS = Limits()
