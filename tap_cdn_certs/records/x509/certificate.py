"""One certificate, each of whose parts is read by itself: https://www.rfc-editor.org/rfc/rfc5280."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ObjectIdentifier

from tap_cdn_certs.records.x509 import der, objects
from tap_cdn_certs.records.x509.der import Element, first, object_identifier
from tap_cdn_certs.records.x509.distinguished_name import DistinguishedName, escaped

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_ALTERNATIVE_NAMES = "2.5.29.17"
_DNS_NAME, _URI, _IP_ADDRESS = 0x82, 0x86, 0x87
_ADDRESS_SIZES = (4, 16)
_STATUS_REQUEST = 5
_PSS_DIGEST, _PSS_MASK, _MGF1 = 0xA0, 0xA1, "1.2.840.113549.1.1.8"

# Seconds may be missing; there may be a fraction of one, and an offset: DER forbids all three.
_TIMES = {
    0x17: re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-]\d\d)(\d\d))", re.ASCII),
    0x18: re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?(?:Z|([+-]\d\d)(\d\d))", re.ASCII),
}


class PartlyReadError(ValueError):
    """What could be read of a value, and why it is not all."""

    def __init__(self, value: list[str], reason: str) -> None:
        super().__init__(reason)
        self.value = value


class Certificate:
    """A certificate taken apart; what has a `fault` is none, and has no parts.

    What a certificate lacks is None, an empty list, False or 0.

    Raises:
        ValueError: By each of its methods and properties: that part of it cannot be read.
    """

    def __init__(self, block: bytes) -> None:
        self.der, self.fault = block, ""
        try:
            certificate = first(block)
            self.tbs, algorithm, self.signature, *_ = certificate.sequence(3)
            parts = self.tbs.sequence(6)
            if parts[0].tag == _VERSION:
                del parts[0]
            self._serial_number, _, issuer, self._validity, subject, self.key, *others = parts
            self.issuer, self.subject = DistinguishedName(issuer), DistinguishedName(subject)
            self._signature_algorithm, *self._signature_parameters = algorithm.sequence(1)
            self._extensions = [part.content for part in others if part.tag == _EXTENSIONS]
            # A TRUSTED certificate is followed by OpenSSL's own remarks.
            self.der = certificate.der
        except ValueError as error:
            self.fault = str(error)

    @property
    def is_self_issued(self) -> bool:
        """Whether it is in the name of its issuer, as a root is."""
        return self.issuer.comparable == self.subject.comparable

    @cached_property
    def extensions(self) -> dict[str, list[bytes]]:
        """The extensions' values by identifier."""
        extensions: dict[str, list[bytes]] = {}
        for listed in self._extensions:
            for extension in first(listed).sequence():
                # Between them is whether it is critical, which is often encoded wrongly.
                identifier, *_, value = extension.sequence(2)
                values = extensions.setdefault(object_identifier(identifier), [])
                values.append(value.expected(der.OCTET_STRING))
        return extensions

    def listed(self, identifier: str) -> list[Element]:
        """Return the elements of an extension that is a sequence, however often it is there."""
        return [each for value in self.extensions.get(identifier, ()) for each in first(value).sequence()]

    def serial_number(self) -> str:
        """Return the octets as OpenSSL prints them; a negative number's are in two's complement."""
        content = self._serial_number.expected(der.INTEGER)
        if not content:
            raise ValueError("not an integer")
        return (content.lstrip(b"\0") or b"\0").hex()

    def fingerprint_sha256(self) -> str:
        """Return the digest of all of it, also of what is no certificate."""
        if not self.der:
            raise ValueError("no base64")
        return hashlib.sha256(self.der).hexdigest()

    def not_before(self) -> datetime:
        """Return when its validity begins."""
        return _time(self._validity.sequence(2)[0])

    def not_after(self) -> datetime:
        """Return when its validity ends, that second included."""
        return _time(self._validity.sequence(2)[1])

    def alternative_names(self) -> list[str]:
        """Return the DNS names and IP addresses; octets that are no text are escaped, and so match no domain.

        Raises:
            PartlyReadError: Some are no names.
        """
        names, others = [], []
        for tag, content, _ in self.listed(_ALTERNATIVE_NAMES):
            if tag == _DNS_NAME:
                names.append(escaped(content.decode("ascii", "surrogateescape")))
                others += [] if content.isascii() else names[-1:]
            elif tag == _IP_ADDRESS and len(content) in _ADDRESS_SIZES:
                names.append(str(ip_address(content)))
            elif tag == _IP_ADDRESS:
                others.append(f"of {len(content)} octets for an address")
        if others:
            raise PartlyReadError(names, f"no name: {', '.join(others)[:100]}")
        return names

    def alternative_names_complete(self) -> bool:
        """Return whether all DNS names can be read; an address is no domain's."""
        with suppress(ValueError):
            names = self.listed(_ALTERNATIVE_NAMES)
            return all(name.content.isascii() for name in names if name.tag == _DNS_NAME)
        return False

    @cached_property
    def is_ca(self) -> bool:
        """Whether it may issue others."""
        constraints = self.listed("2.5.29.19")
        return any(one.tag == der.BOOLEAN and any(one.content) for one in constraints)

    def signs_certificates(self) -> bool:
        """Return whether its key usage says that it signs certificates, as a CA does."""
        usages = (first(value).expected(der.BIT_STRING) for value in self.extensions.get("2.5.29.15", ()))
        # After the number of unused bits, keyCertSign is the sixth bit.
        return any(bits[1] & 0x04 for bits in usages if len(bits) > 1)

    @cached_property
    def key_algorithm(self) -> list[Element]:
        """The public key's algorithm and its parameters."""
        return self.key.sequence(2)[0].sequence(1)

    def public_key_algorithm(self) -> str:
        """Return the name of the public key's algorithm."""
        return objects.name(self.key_algorithm[0])

    def public_key_bits(self) -> int | None:
        """Return the public key's size; of an algorithm that allows a single size, None."""
        parameters = self.key_algorithm[1:]
        match self.public_key_algorithm():
            case "RSA" | "RSASSA-PSS":
                return _bit_length(first(self.key.sequence(2)[1].content[1:]).sequence(2)[0])
            case "DSA" if parameters:
                return _bit_length(parameters[0].sequence(3)[0])
            case "EC" if parameters and parameters[0].tag == der.SEQUENCE:
                # A curve that is not named, but described: its order is the fifth part (RFC 3279, 2.3.5).
                return _bit_length(parameters[0].sequence(5)[4])
            case "EC" if parameters:
                return objects.bits(parameters[0])
        return None

    def public_key_curve(self) -> str | None:
        """Return the name of an elliptic curve, for EC only."""
        if self.public_key_algorithm() != "EC":
            return None
        parameters = self.key_algorithm[1:]
        if not parameters or parameters[0].tag != der.OBJECT_IDENTIFIER:
            raise ValueError("not a named curve")
        try:
            return str(ec.get_curve_for_oid(ObjectIdentifier(object_identifier(parameters[0]))).name)
        except LookupError:
            return objects.name(parameters[0])

    def signature_algorithm(self) -> str:
        """Return the name of the algorithm that the issuer signed with."""
        return objects.name(self._signature_algorithm)

    def signature_hash(self) -> str | None:
        """Return the digest that was signed, if the algorithm leaves a choice."""
        if self.signature_algorithm() == "RSASSA-PSS":
            identifier = self._pss_parameter(_PSS_DIGEST)[:1]
            return objects.digest(identifier[0]) if identifier else "sha1"
        return objects.digest(self._signature_algorithm)

    def mask_hash(self) -> str | None:
        """Return the digest of the mask of a signature by RSASSA-PSS."""
        if not (given := self._pss_parameter(_PSS_MASK)):
            return "sha1"
        if object_identifier(given[0]) != _MGF1:
            raise ValueError("a mask by another function than MGF1")
        return objects.digest(given[1].sequence(1)[0])

    def _pss_parameter(self, tag: int) -> list[Element]:
        """Return an algorithm and its parameters, or nothing for the default: RFC 4055, 3.1."""
        if not self._signature_parameters:
            raise ValueError("RSASSA-PSS without its parameters")
        given = self._signature_parameters[0].sequence()
        return next((first(one.content).sequence(1) for one in given if one.tag == tag), [])

    def must_staple(self) -> bool:
        """Return whether it asks for OCSP stapling: RFC 7633."""
        features = self.listed("1.3.6.1.5.5.7.1.24")
        return any(int.from_bytes(feature.content) == _STATUS_REQUEST for feature in features)

    def sct_count(self) -> int:
        """Return how many signed certificate timestamps are embedded: RFC 6962."""
        lists = self.extensions.get("1.3.6.1.4.1.11129.2.4.2", ())
        return sum(_vectors(first(value).expected(der.OCTET_STRING)) for value in lists)

    def extended_key_usages(self) -> list[str]:
        """Return what the key may be used for."""
        return [*map(objects.name, self.listed("2.5.29.37"))]

    def access_urls(self, wanted: str) -> list[str]:
        """Return the addresses of a kind at which its authority has more to say."""
        descriptions = (each.sequence(2) for each in self.listed("1.3.6.1.5.5.7.1.1"))
        return [
            escaped(location.content.decode("latin-1"))
            for method, location, *_ in descriptions
            if object_identifier(method) == wanted and location.tag == _URI
        ]


def _vectors(octets: bytes) -> int:
    """Return how many items a list in TLS's encoding has: two octets of length before it, and before each."""
    count, at = 0, 2
    while at < len(octets):
        at += 2 + int.from_bytes(octets[at : at + 2])
        count += 1
    if at != len(octets) or int.from_bytes(octets[:2]) != len(octets) - 2:
        raise ValueError("a list that is cut off")
    return count


def _bit_length(number: Element) -> int:
    return int.from_bytes(number.expected(der.INTEGER)).bit_length()


def _time(element: Element) -> datetime:
    match = _TIMES[element.tag].fullmatch(element.content.decode("ascii")) if element.tag in _TIMES else None
    if not match:
        raise ValueError("not a time")
    year, month, day, hour, minute, second, hours, minutes = (int(part or 0) for part in match.groups())
    if len(match[1]) == 2:  # noqa: PLR2004 - RFC 5280, 4.1.2.5.1
        year += 1900 if year >= 50 else 2000  # noqa: PLR2004
    offset = timedelta(hours=hours, minutes=-minutes if (match[7] or "").startswith("-") else minutes)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - offset
