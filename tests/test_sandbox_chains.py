"""The certificates that the sandbox makes up."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sandbox import Sandbox


def test_chains_are_real_and_of_all_kinds() -> None:
    """Every leaf is signed by the certificate that follows it, or by itself."""
    chains = {
        domain.certificate.server_certificate
        for domain in Sandbox(alicloud={"size": 600})["alicloud"].inventory
        if domain.certificate
    }
    assert 30 <= len(chains) <= 60
    now = datetime.now(UTC)
    keys, extensions, ends = set(), set(), []
    for pem in chains:
        leaf, *rest = x509.load_pem_x509_certificates(pem.encode())
        leaf.verify_directly_issued_by(rest[0] if rest else leaf)
        key = leaf.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        keys.add((type(key).__name__, key.key_size))
        extensions |= {type(extension.value) for extension in leaf.extensions}
        ends.append((leaf.not_valid_after_utc - now).days)
    assert {size for _, size in keys} == {256, 384, 1024, 2048}
    assert {
        x509.PrecertificateSignedCertificateTimestamps,
        x509.TLSFeature,
        x509.AuthorityInformationAccess,
        x509.ExtendedKeyUsage,
        x509.SubjectAlternativeName,
    } <= extensions
    assert min(ends) < 0
    assert max(ends) > 3000
    assert any(end == 0 for end in ends)


def test_names_are_many_foreign_and_addresses() -> None:
    """A certificate may be for a hundred names, for addresses, for A-labels, or for no alternative name."""
    alternatives: dict[str, list[str] | None] = {}
    for domain in Sandbox(alicloud={"size": 20})["alicloud"].inventory:
        if domain.certificate:
            leaf = x509.load_pem_x509_certificate(domain.certificate.server_certificate.encode())
            try:
                extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            except x509.ExtensionNotFound:
                alternatives[domain.domain_name] = None
            else:
                alternatives[domain.domain_name] = [str(name.value) for name in extension.value]
    assert alternatives["cn-only.example.org"] is None
    assert len(alternatives["many.example.net"] or ()) == 100
    assert alternatives["ip.example.net"] == ["ip.example.net", "192.0.2.10", "2001:db8::10"]
    assert alternatives["中文.example.com"] == ["xn--fiq228c.example.com", "*.xn--fiq228c.example.com"]
