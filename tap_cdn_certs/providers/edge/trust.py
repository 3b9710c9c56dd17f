"""Why a chain is not trusted, in words: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate
from OpenSSL.SSL import X509VerificationCodes as Codes

from tap_cdn_certs.records.x509.certificate import Certificate

if TYPE_CHECKING:
    from OpenSSL.crypto import X509

    from tap_cdn_certs.records.x509.distinguished_name import DistinguishedName

NO_ISSUER = frozenset(
    {
        Codes.ERR_UNABLE_TO_GET_ISSUER_CERT,
        Codes.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Codes.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    }
)
# Of the leaf, and of an authority above it.
WORDS = {
    Codes.ERR_CERT_HAS_EXPIRED: ("expired", 'the authority "{}" expired'),
    Codes.ERR_CERT_NOT_YET_VALID: ("not yet valid", 'the authority "{}" is not yet valid'),
    Codes.ERR_INVALID_PURPOSE: ("not for TLS servers", 'the authority "{}" may not issue for TLS servers'),
    Codes.ERR_INVALID_CA: ("not for TLS servers", '"{}" is no authority, and issued it'),
    Codes.ERR_CERT_SIGNATURE_FAILURE: ("the signature is wrong", 'the signature of "{}" is wrong'),
    Codes.ERR_PATH_LENGTH_EXCEEDED: ("too many authorities", 'too many authorities are below "{}"'),
}
NAMES = {code: name for name, code in vars(Codes).items() if isinstance(code, int)}


def reason(code: int, depth: int, certificate: X509) -> str:
    """What OpenSSL found wrong with a certificate that is so many steps above the leaf."""
    found = Certificate(dump_certificate(FILETYPE_ASN1, certificate))
    if code in NO_ISSUER:
        # Leaves are issued by intermediates; who issued one of these may be another, or a root.
        if depth:
            return f'unknown issuer: "{named(found.issuer)}" is neither trusted nor sent'
        return f'unknown issuer: the intermediate "{named(found.issuer)}" is missing'
    if code == Codes.ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "self-signed"
    if code == Codes.ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return f'unknown issuer: the root "{named(found.subject)}" is not trusted'
    of_leaf, above = WORDS.get(code, (said(code), f'{said(code)} ("{{}}")'))
    return above.format(named(found.subject)) if depth else of_leaf


def said(code: int) -> str:
    """OpenSSL's own name of what is wrong, as words."""
    return NAMES.get(code, f"error {code}").removeprefix("ERR_").replace("_", " ").lower()


def named(name: DistinguishedName) -> str:
    """What people call an authority."""
    return name.attribute("CN") or name.attribute("O") or name.rfc4514() or "without a name"
