"""The certificates of a PEM text, and the facts of their leaf: https://www.rfc-editor.org/rfc/rfc5280.

They are read as OpenSSL reads them, which CDNs and visitors use, and not as strictly as they should have been
written: a part that nobody can read costs that part, and not the certificate.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.records.x509.certificate import Certificate, PartlyReadError
from tap_cdn_certs.records.x509.chain import Chain, signed
from tap_cdn_certs.records.x509.names import covers as covers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# OpenSSL, and so nginx, takes the two older labels too.
_BEGIN = re.compile(r"-{1,5} *BEGIN +(?:X509 |TRUSTED )?CERTIFICATE *-{1,5}")
_BODY = re.compile(r"([^-]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----")
_OCSP, _CA_ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"


def certificates(pem: str) -> str | None:
    """Return the certificates of a text as PEM, encoded anew, and nothing else; None if there are none.

    A block that is labelled as a certificate but does not hold a complete one, perhaps a private key, is left
    out, and so is what follows the certificate in its block.
    """
    return "".join(ssl.DER_cert_to_PEM_cert(each.der) for each in _sent(pem) if not each.fault) or None


def as_sent(pem: str) -> str | None:
    """Return a text as it is, if it holds certificates and nothing else, else its certificates."""
    chain = certificates(pem)
    return pem if chain and pem.strip() == chain.strip() else chain


def leaf_fields(pem: str, *, served: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the leaf's value for each of FIELDS, and the reasons why some could not be read, or not wholly.

    What the leaf lacks is None, an empty list, False or 0; what cannot be read is None and has a reason. Of
    alternative names those that can be read are there, also if there is a reason.

    Give it what the provider sent, from which an incomplete leaf is not missing. Each distinct text is parsed
    once. Of what was served in a handshake, the first certificate is the leaf, whatever it is.
    """
    values, faults = _leaf_values(pem, served=served)
    # Lists of the caller's own: what is remembered must not change.
    own = (list(value) if isinstance(value, tuple) else value for value in values)
    return dict(zip(FIELDS, own, strict=True)), dict(faults)


def in_words(faults: Mapping[str, str]) -> str:
    """Return a sentence that names the fields that could not be read, by the reason."""
    fields: dict[str, list[str]] = {}
    for field, reason in faults.items():
        fields.setdefault(reason, []).append(field)
    listed = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in fields.items())
    return f"The certificate has unreadable fields: {listed}."


@lru_cache(maxsize=256)
def _leaf_values(pem: str, *, served: bool) -> tuple[list[Any], list[tuple[str, str]]]:
    sent = _sent(pem)
    chain = Chain(sent or [Certificate(b"")], served=served)
    values, faults = [], []
    for field, reader in _READERS.items():
        value, reason = None, chain.leaf.fault if sent else "there is no certificate to read"
        # Of what is no certificate, no more is known than that it is there.
        if not reason or (sent and field in {"x509_fingerprint_sha256", "x509_chain_length"}):
            value, reason = _read(reader, chain)
        values.append(value)
        faults += [(field, reason)] if reason else []
    return values, faults


def _read(reader: Callable[[Chain], Any], chain: Chain) -> tuple[Any, str]:
    value, reason = None, ""
    try:
        value = reader(chain)
    except PartlyReadError as error:
        value, reason = error.value, _in_a_line(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong costs this field only
        reason = _in_a_line(error)
    if isinstance(value, datetime):
        value = f"{value.replace(tzinfo=None).isoformat()}Z"
    return tuple(value) if isinstance(value, list) else value, reason


def _in_a_line(error: Exception) -> str:
    # It may hold what a certificate holds.
    text = "".join(character if character.isprintable() else " " for character in str(error))
    return " ".join(text.split())[:200] or type(error).__name__


def _sent(pem: str) -> list[Certificate]:
    # JSON within JSON escapes line ends.
    _, *blocks = _BEGIN.split(re.sub(r"\\[rn]", "\n", pem))
    # A block that is cut off or spelt wrongly is there, and is no certificate.
    bodies = (_BODY.match(block) for block in blocks)
    return [Certificate(_decoded(body[1]) if body else b"") for body in bodies]


def _decoded(body: str) -> bytes:
    # What is not base64 the decoder leaves out.
    with suppress(binascii.Error):
        return base64.b64decode(body.encode("ascii", "ignore") + b"==")
    return b""


def _self_signed(leaf: Certificate) -> bool:
    verdict = leaf.is_self_issued and signed(leaf, leaf)
    if verdict is None:
        raise ValueError("a key or a signature that cannot be verified here")
    return verdict


_READERS: dict[str, Callable[[Chain], Any]] = {
    "x509_subject": lambda chain: chain.leaf.subject.rfc4514(),
    "x509_subject_common_name": lambda chain: chain.leaf.subject.attribute("CN"),
    "x509_subject_organization": lambda chain: chain.leaf.subject.attribute("O"),
    "x509_subject_alternative_names": lambda chain: chain.leaf.alternative_names(),
    "x509_subject_alternative_names_complete": lambda chain: chain.leaf.alternative_names_complete(),
    "x509_issuer": lambda chain: chain.leaf.issuer.rfc4514(),
    "x509_issuer_common_name": lambda chain: chain.leaf.issuer.attribute("CN"),
    "x509_issuer_organization": lambda chain: chain.leaf.issuer.attribute("O"),
    "x509_serial_number": lambda chain: chain.leaf.serial_number(),
    "x509_fingerprint_sha256": lambda chain: chain.leaf.fingerprint_sha256(),
    "x509_not_before": lambda chain: chain.leaf.not_before(),
    "x509_not_after": lambda chain: chain.leaf.not_after(),
    "x509_public_key_algorithm": lambda chain: chain.leaf.public_key_algorithm(),
    "x509_public_key_bits": lambda chain: chain.leaf.public_key_bits(),
    "x509_public_key_curve": lambda chain: chain.leaf.public_key_curve(),
    "x509_signature_algorithm": lambda chain: chain.leaf.signature_algorithm(),
    "x509_signature_hash": lambda chain: chain.leaf.signature_hash(),
    "x509_self_signed": lambda chain: _self_signed(chain.leaf),
    "x509_must_staple": lambda chain: chain.leaf.must_staple(),
    "x509_sct_count": lambda chain: chain.leaf.sct_count(),
    "x509_chain_length": lambda chain: len(chain.sent),
    "x509_chain_not_after": lambda chain: chain.not_after(),
    "x509_chain_complete": lambda chain: chain.is_complete(),
    "x509_is_ca": lambda chain: chain.leaf.is_ca,
    "x509_extended_key_usages": lambda chain: chain.leaf.extended_key_usages(),
    "x509_ocsp_urls": lambda chain: chain.leaf.access_urls(_OCSP),
    "x509_ca_issuer_urls": lambda chain: chain.leaf.access_urls(_CA_ISSUERS),
}
FIELDS: tuple[str, ...] = tuple(_READERS)
