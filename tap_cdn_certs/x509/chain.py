"""The chain of certificates that a server sends, and which of them is the leaf."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tap_cdn_certs.x509.certificate import Certificate

if TYPE_CHECKING:
    from datetime import datetime

# There are one or two of a name, such as an issuer's old and new certificate.
_MOST_NAMESAKES = 8


class Chain:
    """Certificates in the order in which they are sent, of which some may be none.

    The leaf is the one that is no other's issuer; of several, the first that is not known to be a CA's.
    """

    def __init__(self, sent: list[Certificate]) -> None:
        self.sent = sent
        self._certificates = [each for each in {each.der: each for each in sent}.values() if not each.fault]
        issuers = {each.issuer.comparable for each in self._certificates if not each.is_self_issued}
        leaves = [each for each in sent if each.fault or each.subject.comparable not in issuers]
        self.leaf = min(leaves or sent, key=_is_no_leaf)

    def not_after(self) -> datetime:
        """Return the earliest end of the leaf, its issuer, that one's, and so on, as far as they are there.

        Roots do not count: visitors have their own. Of several issuers that would do, the one that ends last
        counts, as verifiers prefer it; certificates that the leaf does not need do no harm.
        """
        ends, path = [self.leaf.not_after()], [self.leaf]
        while not path[-1].is_self_issued and (issuers := self._issuers(path)):
            path.append(max(issuers, key=Certificate.not_after))
            ends += [] if path[-1].is_self_issued else [path[-1].not_after()]
        return min(ends)

    def _issuers(self, path: list[Certificate]) -> list[Certificate]:
        name = path[-1].issuer.comparable
        issuers = [
            each for each in self._certificates if each.subject.comparable == name and each not in path
        ]
        if len(issuers) > _MOST_NAMESAKES:
            raise ValueError("too many issuers of one name")
        return [each for each in issuers if signed(each, path[-1])] or issuers

    def is_complete(self) -> bool | None:
        """Return whether each certificate is followed by its issuer, to one whose own may be a root.

        None if there is a signature that cannot be verified here.
        """
        if any(each.fault for each in self.sent):
            raise ValueError("a part of the chain is no certificate")
        links = [*pairwise(self._certificates)]
        if self._certificates[0].der != self.leaf.der or not (links or self.leaf.is_self_issued):
            return False
        if any(each.issuer.comparable != issuer.subject.comparable for each, issuer in links):
            return False
        verdicts = {signed(issuer, each) for each, issuer in links}
        return False if False in verdicts else None if None in verdicts else True


def _is_no_leaf(certificate: Certificate) -> bool:
    """Return whether a certificate is something else for certain; leaves come first, whatever they are."""
    try:
        return bool(certificate.fault) or certificate.is_ca
    except ValueError:
        return False


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
