"""The certificates of a PEM text, and the facts of their leaf: https://www.rfc-editor.org/rfc/rfc5280."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
import warnings
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

# The library's own names are private, and may change with it. These are the RFCs', without "id-".
_NAMES = {
    # Signature algorithms: RFC 3279, 4055, 5758 and 8998.
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-sha1",
    "2.16.840.1.101.3.4.3.1": "dsa-with-sha224",
    "2.16.840.1.101.3.4.3.2": "dsa-with-sha256",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.156.10197.1.501": "SM2-with-SM3",
    # Public keys, by which some also sign: RFC 3279, 4055, 8410 and 9881.
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    # The curve of RFC 8998, which the library lacks.
    "1.2.156.10197.1.301": "SM2",
    # Extended key usages: RFC 5280.
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}

# OpenSSL, and so nginx, takes the two older labels too.
_BLOCK = re.compile(
    r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
)


def certificates(pem: str) -> str | None:
    """Return the certificates of a text as PEM, encoded anew, and nothing else; None if there are none.

    A block that is labelled as a certificate but does not hold a complete one, perhaps a private key, is left
    out, and so is what follows the certificate in its block.
    """
    return "".join(ssl.DER_cert_to_PEM_cert(found.der) for found in _chain(pem) if found.is_complete) or None


def leaf_fields(chain: str) -> tuple[Mapping[str, Any], str | None]:
    """Return the leaf's value for each of FIELDS, and a sentence on those that cannot be read, if any.

    The leaf is the certificate that is no other's issuer; of several, the first that is not a CA's. What it
    lacks is None, an empty list, False or 0; what cannot be read is None. The serial number is as OpenSSL
    prints it, but a negative one, which RFC 5280 forbids, is the certificate's own octets, in two's
    complement. A key that the library cannot load has its algorithm and its curve nevertheless; one whose
    algorithm allows a single size has no bits.

    Give it what the provider sent, from which an incomplete leaf is not missing. Each distinct text is parsed
    once. Parsing silences the process's warnings: call it on one thread only.
    """
    values, problem = _leaf_values(chain)
    fields = zip(FIELDS, values, strict=True)
    return {field: list(value) if isinstance(value, tuple) else value for field, value in fields}, problem


@lru_cache(maxsize=256)
def _leaf_values(pem: str) -> tuple[tuple[Any, ...], str | None]:
    chain = _chain(pem)
    if not chain:
        return (None,) * len(FIELDS), "There is no certificate to read."
    values = []
    problems: dict[str, list[str]] = {}
    with warnings.catch_warnings():
        # The library warns of what RFC 5280 forbids, such as a country of eight letters, but reads it.
        warnings.simplefilter("ignore")
        leaf = _leaf(chain)
        for field in FIELDS:
            value, reason = _read(field, leaf)
            values.append(value)
            if reason:
                problems.setdefault(reason, []).append(field)
    listed = "; ".join(f"{', '.join(fields)} ({reason})" for reason, fields in problems.items())
    return tuple(values), f"The certificate has unreadable fields: {listed}." if problems else None


def _chain(pem: str) -> list[_Certificate]:
    # JSON within JSON escapes line ends.
    bodies = _BLOCK.findall(re.sub(r"\\[rn]", "\n", pem))
    return [_Certificate(_decoded(body), len(bodies)) for body in bodies]


def _decoded(body: str) -> bytes:
    # What is not base64 the decoder leaves out.
    with suppress(binascii.Error):
        return base64.b64decode(body.encode("ascii", "ignore") + b"==")
    return b""


def _leaf(chain: list[_Certificate]) -> _Certificate:
    names = [(c.parts.issuer.der, c.parts.subject.der) if c.is_complete else (b"", b"") for c in chain]
    issuers = {issuer for issuer, subject in names if issuer != subject}
    leaves = [c for c, (_, subject) in zip(chain, names, strict=True) if subject not in issuers]
    return min(leaves or chain, key=lambda c: _read("x509_is_ca", c)[0] is not False)


def _read(field: str, certificate: _Certificate) -> tuple[Any, str | None]:
    try:
        value = _READERS[field](certificate)
    except Exception as error:  # noqa: BLE001 - whatever the library raises costs this field only
        return None, " ".join(str(error).split())[:200] or type(error).__name__
    return tuple(map(_text, value)) if isinstance(value, list) else _text(value), None


def _text(value: Any) -> Any:
    # Databases refuse a NUL, and a name seems to end at it: write it as RFC 4514 does.
    return value.replace("\0", r"\00") if isinstance(value, str) else value


class _Element(NamedTuple):
    """A DER element: its tag, its content, and all of it."""

    tag: int
    content: bytes
    der: bytes


class _Parts(NamedTuple):
    """The parts of a certificate, each still to be read."""

    tbs_certificate: _Element
    serial_number: _Element
    issuer: _Element
    validity: _Element
    subject: _Element
    public_key: _Element
    extensions: bytes
    signature_algorithm: _Element
    signature: _Element

    @classmethod
    def of(cls, der: bytes) -> _Parts:
        """Take a certificate apart."""
        (certificate,) = _elements(der, 1)
        parts = _elements(certificate.content, 3)
        if [part.tag for part in parts] != [_SEQUENCE, _SEQUENCE, _BIT_STRING]:
            raise ValueError("no certificate")
        tbs_certificate, signature_algorithm, signature = parts
        parts = _elements(tbs_certificate.content, 6)
        if parts[0].tag == _VERSION:
            del parts[0]
        serial_number, _, issuer, validity, subject, public_key, *others = parts
        extensions = b"".join(part.content for part in others if part.tag == _EXTENSIONS)
        return cls(
            tbs_certificate,
            serial_number,
            issuer,
            validity,
            subject,
            public_key,
            extensions,
            signature_algorithm,
            signature,
        )


class _Certificate:
    """A certificate taken apart, because the library refuses all of one in which a single part is wrong."""

    def __init__(self, block: bytes, chain_length: int) -> None:
        self.der = block
        self.chain_length = chain_length
        self._parts: _Parts | ValueError
        try:
            # A TRUSTED certificate is followed by OpenSSL's own remarks.
            _, _, end = _header(block, 0)
            self._parts = _Parts.of(block[:end])
            self.der = block[:end]
        except ValueError as error:
            self._parts = error

    @property
    def is_complete(self) -> bool:
        """Whether it has its parts."""
        return isinstance(self._parts, _Parts)

    @property
    def parts(self) -> _Parts:
        """Its parts, if it has them."""
        if isinstance(self._parts, ValueError):
            raise self._parts
        return self._parts

    @cached_property
    def key_algorithm(self) -> list[str]:
        """The public key's algorithm and, where the algorithm has such a parameter, its curve."""
        algorithm, *_ = _elements(self.parts.public_key.content, 2)
        identifier, *parameters = _elements(algorithm.content, 1)
        return [_oid(identifier), *(_oid(curve) for curve in parameters if curve.tag == _OBJECT_IDENTIFIER)]

    @cached_property
    def extensions(self) -> dict[str, list[bytes]]:
        """The extensions by identifier, without whether they are critical, which is often encoded wrongly."""
        extensions: dict[str, list[bytes]] = {}
        for sequence in _elements(self.parts.extensions):
            for extension in _elements(sequence.content):
                identifier, *_, value = _elements(extension.content, 2)
                extensions.setdefault(_oid(identifier), []).append(_sequence(identifier.der, value.der))
        return extensions

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        """Return the extension of a kind, if the certificate has it."""
        found = self.extensions.get(kind.oid.dotted_string)
        return _holding(extensions=found).extensions.get_extension_for_class(kind).value if found else None


def _distinguished_name(name: _Element) -> str | None:
    return _holding(name=name.der).subject.rfc4514_string() or None


def _attribute(name: _Element, oid: x509.ObjectIdentifier) -> str | None:
    attributes = [
        attribute
        for relative_name in _elements(name.content)
        for attribute in _elements(relative_name.content)
        if _oid(_elements(attribute.content, 2)[0]) == oid.dotted_string
    ]
    if not attributes:
        return None
    # The last is the most specific. It is read alone: an organization may be in an encoding of its time.
    (attribute,) = _holding(name=_sequence(_der(_SET, attributes[-1].der))).subject
    return str(attribute.value) or None


def _subject_alternative_names(certificate: _Certificate) -> list[str]:
    names = certificate.extension(x509.SubjectAlternativeName) or ()
    return [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]


def _serial_number(certificate: _Certificate) -> str:
    tag, content, _ = certificate.parts.serial_number
    if tag != _INTEGER or not content:
        raise ValueError("not an integer")
    return (content.lstrip(b"\0") or b"\0").hex()


def _fingerprint_sha256(certificate: _Certificate) -> str:
    if not certificate.der:
        raise ValueError("no base64")
    return hashlib.sha256(certificate.der).hexdigest()


def _time(certificate: _Certificate, index: int) -> str:
    time = _elements(certificate.parts.validity.content, 2)[index]
    return _holding(time=time.der).not_valid_before_utc.replace(tzinfo=None).isoformat() + "Z"


def _public_key_algorithm(certificate: _Certificate) -> str:
    oid = certificate.key_algorithm[0]
    return _NAMES.get(oid, oid)


def _public_key_bits(certificate: _Certificate) -> int | None:
    if _public_key_curve(certificate) == "SM2":
        return 256
    return getattr(_holding(public_key=certificate.parts.public_key.der).public_key(), "key_size", None)


def _public_key_curve(certificate: _Certificate) -> str | None:
    if _public_key_algorithm(certificate) != "EC":
        return None
    if len(certificate.key_algorithm) == 1:
        raise ValueError("not a named curve")
    oid = certificate.key_algorithm[1]
    try:
        return str(ec.get_curve_for_oid(x509.ObjectIdentifier(oid)).name)
    except LookupError:
        return _NAMES.get(oid, oid)


def _signature_algorithm(certificate: _Certificate) -> str:
    oid = _oid(_elements(certificate.parts.signature_algorithm.content, 1)[0])
    return _NAMES.get(oid, oid)


def _self_signed(certificate: _Certificate) -> bool:
    parts = certificate.parts
    if parts.issuer != parts.subject:
        return False
    holding = _holding(public_key=parts.public_key.der, signature_algorithm=parts.signature_algorithm.der)
    # Not verify_directly_issued_by, which refuses SHA-1.
    key: Any = holding.public_key()
    parameters = holding.signature_algorithm_parameters
    digest = None if isinstance(parameters, ec.ECDSA) else holding.signature_hash_algorithm
    arguments = (argument for argument in (parameters, digest) if argument)
    try:
        key.verify(parts.signature.content[1:], parts.tbs_certificate.der, *arguments)
    except (InvalidSignature, AttributeError, TypeError):
        # The latter two are a key's of another algorithm than the signature's.
        return False
    return True


def _must_staple(certificate: _Certificate) -> bool:
    return x509.TLSFeatureType.status_request in (certificate.extension(x509.TLSFeature) or ())


def _sct_count(certificate: _Certificate) -> int:
    return len(certificate.extension(x509.PrecertificateSignedCertificateTimestamps) or ())


def _is_ca(certificate: _Certificate) -> bool:
    constraints = certificate.extension(x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _extended_key_usages(certificate: _Certificate) -> list[str]:
    usages = certificate.extension(x509.ExtendedKeyUsage) or ()
    return [_NAMES.get(usage.dotted_string, usage.dotted_string) for usage in usages]


def _access_urls(certificate: _Certificate, method: x509.ObjectIdentifier) -> list[str]:
    descriptions = certificate.extension(x509.AuthorityInformationAccess) or ()
    locations = [access.access_location for access in descriptions if access.access_method == method]
    return [location.value for location in locations if isinstance(location, x509.UniformResourceIdentifier)]


_READERS: dict[str, Callable[[_Certificate], Any]] = {
    "x509_subject": lambda c: _distinguished_name(c.parts.subject),
    "x509_subject_common_name": lambda c: _attribute(c.parts.subject, NameOID.COMMON_NAME),
    "x509_subject_organization": lambda c: _attribute(c.parts.subject, NameOID.ORGANIZATION_NAME),
    "x509_subject_alternative_names": _subject_alternative_names,
    "x509_issuer": lambda c: _distinguished_name(c.parts.issuer),
    "x509_issuer_common_name": lambda c: _attribute(c.parts.issuer, NameOID.COMMON_NAME),
    "x509_issuer_organization": lambda c: _attribute(c.parts.issuer, NameOID.ORGANIZATION_NAME),
    "x509_serial_number": _serial_number,
    "x509_fingerprint_sha256": _fingerprint_sha256,
    "x509_not_before": lambda c: _time(c, 0),
    "x509_not_after": lambda c: _time(c, 1),
    "x509_public_key_algorithm": _public_key_algorithm,
    "x509_public_key_bits": _public_key_bits,
    "x509_public_key_curve": _public_key_curve,
    "x509_signature_algorithm": _signature_algorithm,
    "x509_self_signed": _self_signed,
    "x509_must_staple": _must_staple,
    "x509_sct_count": _sct_count,
    "x509_chain_length": lambda c: c.chain_length,
    "x509_is_ca": _is_ca,
    "x509_extended_key_usages": _extended_key_usages,
    "x509_ocsp_urls": lambda c: _access_urls(c, AuthorityInformationAccessOID.OCSP),
    "x509_ca_issuer_urls": lambda c: _access_urls(c, AuthorityInformationAccessOID.CA_ISSUERS),
}
FIELDS: tuple[str, ...] = tuple(_READERS)


# DER, as far as it takes to tell parts apart and to put them together: https://www.itu.int/rec/T-REC-X.690.
_INTEGER, _BIT_STRING, _OBJECT_IDENTIFIER, _SEQUENCE, _SET = 0x02, 0x03, 0x06, 0x30, 0x31
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_LONG, _LONGEST_OID = 0x80, 63


def _header(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of the element at an offset, and where its content starts and ends."""
    start = at + 2
    if start > len(der):
        raise ValueError("truncated DER")
    tag, length = der[at:start]
    if length & _LONG:
        octets = length ^ _LONG
        length = int.from_bytes(der[start : start + octets])
        start += octets
    return tag, start, start + length


def _elements(der: bytes, least: int = 0) -> list[_Element]:
    """Return the elements that stand one after another, of which there must be so many at least."""
    elements = []
    at = 0
    while at < len(der):
        tag, start, end = _header(der, at)
        if end > len(der):
            raise ValueError("truncated DER")
        elements.append(_Element(tag, der[start:end], der[at:end]))
        at = end
    if len(elements) < least:
        raise ValueError("incomplete DER")
    return elements


def _oid(element: _Element) -> str:
    # No known one is longer, and the library's limit is the same.
    if element.tag != _OBJECT_IDENTIFIER or not element.content or len(element.content) > _LONGEST_OID:
        raise ValueError("no object identifier")
    arcs = [0]
    for octet in element.content:
        arcs[-1] = arcs[-1] << 7 | octet & ~_LONG
        if octet < _LONG:
            arcs.append(0)
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:-1])))


def _der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length = len(content)
    if length < _LONG:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _LONG | len(octets))) + octets + content


def _sequence(*elements: bytes) -> bytes:
    return _der(_SEQUENCE, *elements)


_ED25519 = _sequence(bytes.fromhex("06032b6570"))
_PUBLIC_KEY = _sequence(_ED25519, _der(_BIT_STRING, bytes(33)))
_EPOCH = b"\x17\x0d700101000000Z"


def _holding(
    *,
    name: bytes = _sequence(),
    time: bytes = _EPOCH,
    public_key: bytes = _PUBLIC_KEY,
    extensions: Iterable[bytes] = (),
    signature_algorithm: bytes = _ED25519,
) -> x509.Certificate:
    """Return a certificate that has the given parts and is faultless otherwise, for the library to read."""
    tbs_certificate = _sequence(
        bytes.fromhex("a003020102"),
        bytes.fromhex("020101"),
        signature_algorithm,
        _sequence(),
        _sequence(time, time),
        name,
        public_key,
        _der(_EXTENSIONS, _sequence(*extensions)),
    )
    return x509.load_der_x509_certificate(
        _sequence(tbs_certificate, signature_algorithm, _der(_BIT_STRING, b"\0"))
    )
