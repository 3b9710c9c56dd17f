"""The chain of certificates that a server sends, and which of them is the leaf."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from tap_cdn_certs.records.x509.certificate import Certificate

# There are one or two issuers of a name, such as an old and a new certificate, and three or four in a row.
_MOST_STEPS = 64
_NEVER = datetime.max.replace(tzinfo=UTC)


class Chain:
    """Certificates in the order in which they are sent, of which some may be none.

    The leaf is the one that is no other's issuer; of several, the first that is not surely something else. Of
    a chain that was served it is the first one: RFC 8446, 4.4.2.
    """

    def __init__(self, sent: list[Certificate], *, served: bool = False) -> None:
        self.sent = sent
        self._certificates = [each for each in {each.der: each for each in sent}.values() if not each.fault]
        issuers = {each.issuer.comparable for each in self._certificates if not each.is_self_issued}
        leaves = [each for each in sent if each.fault or each.subject.comparable not in issuers]
        self.leaf: Certificate = sent[0] if served else min(leaves or sent, key=_rank)

    def not_after(self) -> datetime:
        """Return the earliest end of the leaf, its issuer, that one's, and so on, as far as they are there.

        Roots do not count: visitors have their own. Of several ways the one that lasts longest counts, as
        verifiers find it; certificates that the leaf does not need do no harm.
        """
        self._steps = 0
        return self._lasts(self.leaf, ())

    def _lasts(self, certificate: Certificate, below: tuple[Certificate, ...]) -> datetime:
        """Return until when a certificate can be followed upwards."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ValueError("too many issuers of one name")
        if below and is_root(certificate):
            return _NEVER
        end, way = certificate.not_after(), (*below, certificate)
        ends, fault = [], None
        for issuer in self._issuers(certificate, way):
            try:
                ends.append(self._lasts(issuer, way))
            except ValueError as error:
                fault = error
        if fault and not ends:
            raise fault
        return min(end, max(ends, default=_NEVER))

    def _issuers(self, certificate: Certificate, way: tuple[Certificate, ...]) -> list[Certificate]:
        if is_root(certificate):
            return []
        name = certificate.issuer.comparable
        issuers = [each for each in self._certificates if each.subject.comparable == name and each not in way]
        return [each for each in issuers if signed(each, certificate)] or issuers

    def is_complete(self) -> bool | None:
        """Return whether each certificate is followed by its issuer, to one whose own may be a root.

        None if there is a signature that cannot be verified here.
        """
        if any(each.fault for each in self.sent):
            raise ValueError("a part of the chain is no certificate")
        links = [*pairwise(self._certificates)]
        if self._certificates[0].der != self.leaf.der or not (links or is_root(self.leaf)):
            return False
        if any(each.issuer.comparable != issuer.subject.comparable for each, issuer in links):
            return False
        verdicts = {signed(issuer, each) for each, issuer in links}
        return False if False in verdicts else None if None in verdicts else True


def _rank(certificate: Certificate) -> int:
    """Return how unlikely a leaf something is, as far as that is certain: leaves come first."""
    if certificate.fault:
        # It may be the leaf, if no other is.
        return 2
    try:
        is_ca = certificate.is_ca or certificate.signs_certificates()
    except ValueError:
        is_ca = False
    return 3 if is_ca else int(certificate.is_self_issued)


def is_root(certificate: Certificate) -> bool:
    """Return whether a certificate is signed by its own key, or, where that cannot be verified, says so."""
    return certificate.is_self_issued and signed(certificate, certificate) is not False


def signed(issuer: Certificate, certificate: Certificate) -> bool | None:
    """Return whether one certificate's key signed another; None if that cannot be verified here."""
    try:
        key: Any = load_der_public_key(issuer.key.der)
        signature = certificate.signature.content[1:]
        key.verify(signature, certificate.tbs.der, *_parameters(key, certificate))
    except (InvalidSignature, AttributeError, TypeError):
        # The latter two are a key's of another algorithm than the signature's.
        return False
    except (UnsupportedAlgorithm, ValueError):
        return None
    return True


def _parameters(key: Any, certificate: Certificate) -> tuple[Any, ...]:
    """Return what a key needs to know, beside the signature and what is signed."""
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey):
        return ()
    digest = _digest(certificate.signature_hash())
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (ec.ECDSA(digest),)
    if isinstance(key, dsa.DSAPublicKey):
        return (digest,)
    if certificate.signature_algorithm() != "RSASSA-PSS":
        return padding.PKCS1v15(), digest
    return padding.PSS(padding.MGF1(_digest(certificate.mask_hash())), padding.PSS.AUTO), digest


def _digest(name: str | None) -> hashes.HashAlgorithm:
    algorithm = getattr(hashes, str(name).upper().replace("SHA3-", "SHA3_").replace("-", "_"), None)
    if algorithm is None:
        raise UnsupportedAlgorithm(f"no digest {name}")
    digest: hashes.HashAlgorithm = algorithm()
    return digest
