"""A leaf's fields are what OpenSSL prints of it, and nothing but certificates is passed on."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import ssl
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, NamedTuple

import certifi
import pytest
from authority import (
    ALTERNATIVE_NAMES,
    CONSTRAINTS,
    P256,
    Authority,
    Issuer,
    element,
    names,
    openssl,
    reencoded,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import (
    CertificateBuilder,
    InvalidVersion,
    Name,
    NameAttribute,
    load_der_x509_certificate,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from judge import Difference, all_judged, differences, judged

from tap_cdn_certs.records import x509
from tap_cdn_certs.records.x509 import FIELDS, certificates, der, in_words, leaf_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n")

NIST = re.compile(r".*(DSA|Date|Names|RFC3280|Rollover|SelfIssued|Serial|UID|UTF8).*\.crt$")

# What a certificate may lack. Any other null is a field that could not be read, and has a reason.
OPTIONAL = {
    "x509_subject",
    "x509_subject_common_name",
    "x509_subject_organization",
    "x509_issuer",
    "x509_issuer_common_name",
    "x509_issuer_organization",
    "x509_public_key_bits",
    "x509_public_key_curve",
    "x509_signature_hash",
}

# Published certificates of which OpenSSL and the library differ, and rightly so.
DIFFERENT = {
    ("cdp_empty_hostname.pem", "x509_self_signed"),  # OpenSSL refuses an empty name in another extension
    ("san_empty_hostname.pem", "x509_self_signed"),  # likewise
    ("two_basic_constraints.pem", "x509_self_signed"),  # and two extensions of a kind
    ("rsa_pss.pem", "x509_self_signed"),  # and SHA-1
    ("rsa_pss_cert_invalid_mgf.der", "x509_signature_hash"),  # and all parameters for a wrong one
    ("scottishpower-bitstring-dn.pem", "x509_subject"),  # and prints a string of bits as if it were text
    ("unique_identifier.pem", "x509_subject"),  # likewise
    ("badssl-sct-anonymous-sig.der", "x509_sct_count"),  # and refuses a timestamp without a signature
    ("badssl-sct-none-hash.der", "x509_sct_count"),  # likewise
    ("empty-eku.pem", "x509_extended_key_usages"),  # and prints the octets of an empty list
}


@cache
def published() -> dict[str, str]:
    """Return other people's certificates: Mozilla's roots, and those by which the library is tested."""
    roots = BLOCK.findall(certificates(certifi.contents()) or "")
    found = {f"root {number}": root for number, root in enumerate(roots)}
    with as_file(files("cryptography_vectors") / "x509") as directory:
        for path in sorted(directory.rglob("*")):
            # The others of the NIST suite differ in what only matters to the validation of paths.
            if path.is_dir() or ("PKITS_data" in path.parts and not NIST.match(path.name)):
                continue
            if path.parent.name in {"ocsp", "requests"}:
                continue
            content = path.read_bytes()
            pem = content.decode("latin-1") if b"-----" in content else ssl.DER_cert_to_PEM_cert(content)
            if chain := certificates(pem):
                found[path.name] = chain
    return found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority with no certificates yet."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def chain(authority: Authority) -> tuple[str, str, str]:
    """Return a leaf, its intermediate and its root."""
    constraint = ("-addext", "basicConstraints=critical,CA:TRUE")
    root = authority.issue("/CN=root", *constraint)
    intermediate = authority.issue("/CN=intermediate", *constraint, issuer="root")
    return authority.issue("/CN=leaf", issuer="intermediate"), intermediate, root


class Case(NamedTuple):
    """A certificate to generate, and some of what must be found in it; OpenSSL is asked about all."""

    expected: dict[str, Any]
    subject: str = "/CN=example.com"
    key: str = P256
    arguments: tuple[str, ...] = ()
    issuer: str | None = None

    @classmethod
    def extension(cls, extension: str, **expected: Any) -> Case:
        """Return a case of one extension."""
        return cls(expected, arguments=("-addext", extension))

    @classmethod
    def serial(cls, number: str, expected: str) -> Case:
        """Return a case of a serial number."""
        return cls({"x509_serial_number": expected}, arguments=("-set_serial", number))


CASES = {
    "RSA": Case(
        {
            "x509_public_key_algorithm": "RSA",
            "x509_public_key_bits": 2048,
            "x509_public_key_curve": None,
            "x509_signature_algorithm": "sha256WithRSAEncryption",
            "x509_self_signed": True,
        },
        key="RSA:rsa_keygen_bits:2048",
    ),
    "RSASSA-PSS": Case(
        {"x509_public_key_algorithm": "RSASSA-PSS", "x509_public_key_bits": 2048, "x509_self_signed": True},
        key="RSA-PSS:rsa_keygen_bits:2048",
    ),
    "P-256": Case({"x509_public_key_algorithm": "EC", "x509_public_key_curve": "secp256r1"}),
    "P-384": Case(
        {"x509_public_key_bits": 384, "x509_public_key_curve": "secp384r1"}, key="EC:ec_paramgen_curve:P-384"
    ),
    "a curve that the library lacks": Case(
        {
            "x509_public_key_algorithm": "EC",
            "x509_public_key_bits": 161,
            "x509_public_key_curve": "1.3.132.0.9",
        },
        key="EC:ec_paramgen_curve:secp160k1",
    ),
    "Ed25519": Case(
        {
            "x509_public_key_algorithm": "Ed25519",
            "x509_public_key_bits": None,
            "x509_signature_algorithm": "Ed25519",
            "x509_self_signed": True,
        },
        key="ED25519",
    ),
    "Ed448": Case({"x509_public_key_algorithm": "Ed448", "x509_self_signed": True}, key="ED448"),
    "SM2": Case(
        {
            "x509_public_key_algorithm": "EC",
            "x509_public_key_bits": 256,
            "x509_public_key_curve": "SM2",
            "x509_signature_algorithm": "SM2-with-SM3",
            "x509_self_signed": None,
        },
        key="EC:ec_paramgen_curve:SM2",
        arguments=("-sm3",),
    ),
    "a small serial number": Case.serial("1", "01"),
    "serial number 0": Case.serial("0", "00"),
    "a serial number of 160 bits": Case.serial("0x" + "f3" * 20, "f3" * 20),
    "serial number -1": Case.serial("-1", "ff"),
    "serial number -128": Case.serial("-128", "80"),
    "serial number -129": Case.serial("-129", "ff7f"),
    "no subject": Case({"x509_subject": None, "x509_subject_common_name": None}, subject="/"),
    "a subject with a set of attributes, and marks": Case(
        {"x509_subject_common_name": "a,b+c=d", "x509_subject_organization": 'Büro "Zürich"'},
        subject=r'/C=CH/O=Büro "Zürich"+OU=Ünit/CN=a,b\+c=d',
    ),
    "several common names": Case(
        {"x509_subject_common_name": "www.example.com"}, subject="/CN=example.com/O=Acme/CN=www.example.com"
    ),
    "alternative names": Case.extension(
        "subjectAltName=DNS:xn--bcher-kva.example,IP:192.0.2.1,email:a@example.com,DNS:*.example,IP:2001:db8::1",
        x509_subject_alternative_names=["xn--bcher-kva.example", "192.0.2.1", "*.example", "2001:db8::1"],
    ),
    # OpenSSL does not verify what has malformed extensions, so another must be the issuer.
    "malformed alternative names": Case(
        {
            "x509_subject_alternative_names": None,
            "x509_subject_alternative_names_complete": False,
            "x509_is_ca": False,
            "x509_self_signed": False,
        },
        arguments=("-addext", "subjectAltName=DER:30:03:82:05:61"),
        issuer="root",
    ),
    "alternative names in no encoding": Case(
        {"x509_subject_alternative_names": [r"\FF\FE"], "x509_subject_alternative_names_complete": False},
        arguments=("-addext", "subjectAltName=DER:30:04:82:02:ff:fe"),
        issuer="root",
    ),
    "an unknown critical extension": Case.extension("1.2.3.4=critical,DER:05:00"),
    "no stapling": Case({"x509_must_staple": False}),
    "stapling": Case.extension("tlsfeature=status_request,status_request_v2", x509_must_staple=True),
    "other TLS features": Case.extension("tlsfeature=status_request_v2", x509_must_staple=False),
    "a CA": Case.extension("basicConstraints=critical,CA:TRUE,pathlen:0", x509_is_ca=True),
    "no CA": Case.extension("basicConstraints=CA:FALSE", x509_is_ca=False),
    "extended key usages": Case.extension(
        "extendedKeyUsage=serverAuth,clientAuth,anyExtendedKeyUsage,1.3.6.1.4.1.99999.1",
        x509_extended_key_usages=["serverAuth", "clientAuth", "anyExtendedKeyUsage", "1.3.6.1.4.1.99999.1"],
    ),
    "access to information": Case.extension(
        "authorityInfoAccess=OCSP;URI:http://a.example,caIssuers;URI:http://b.example/c,OCSP;email:a@b.example",
        x509_ocsp_urls=["http://a.example"],
        x509_ca_issuer_urls=["http://b.example/c"],
    ),
    "an end in five digits' reach": Case(
        {}, arguments=("-days", str((date(9999, 12, 30) - datetime.now(UTC).date()).days))
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("chain")
def test_agrees_with_openssl(name: str, authority: Authority) -> None:
    """Each field of a certificate that OpenSSL issued is what was asked for, and what OpenSSL prints."""
    case = CASES[name]
    certificate = authority.issue(case.subject, *case.arguments, key=case.key, issuer=case.issuer)
    judgement = judged(certificate)
    assert judgement
    assert not notable(certificate, judgement)
    fields, faults = leaf_fields(certificate)
    assert {field: fields[field] for field in case.expected} == case.expected
    assert_nulls_explained(fields, faults)


def notable(chain: str, judgement: Mapping[str, Any]) -> list[Difference]:
    """Return what differs, but for what has a reason and is no less than what OpenSSL has."""
    return [each for each in differences(chain, judgement) if each.lost or not each.fault]


def assert_nulls_explained(fields: Mapping[str, Any], faults: Mapping[str, str]) -> None:
    """Fail if a field that every certificate has is null without a reason in words."""
    for field, value in fields.items():
        # Whether a chain is complete nobody knows whose signatures cannot be verified.
        assert value is not None or field in {*OPTIONAL, *faults, "x509_chain_complete"}, field
    assert all(reason and "\n" not in reason for reason in faults.values())
    assert not faults or in_words(faults).endswith(").")


def test_agrees_with_openssl_on_published_certificates() -> None:
    """Each field of hundreds of roots and test certificates, odd ones among them, is what OpenSSL prints."""
    chains = published()
    # A process of OpenSSL for each takes long, and Mozilla's roots are alike.
    asked = {
        name: chains[name] for number, name in enumerate(chains) if number % 4 == 0 or "root " not in name
    }
    found = [
        (name, difference)
        for name, judgement in all_judged(asked).items()
        for difference in (notable(chains[name], judgement) if judgement else ())
        if (name, difference.field) not in DIFFERENT
    ]
    assert not found
    faulty = [name for name in chains if leaf_fields(chains[name])[1]]
    assert not [name for name in faulty if name.startswith("root")]
    # The vectors are there to be refused, but not most of them.
    assert len(faulty) < len(chains) / 20
    for pem in chains.values():
        assert_nulls_explained(*leaf_fields(pem))


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"\x17\x0d500101000000Z", "1950-01-01T00:00:00Z"),
        (b"\x17\x0d491231235959Z", "2049-12-31T23:59:59Z"),
        (b"\x18\x0f00010101000000Z", "0001-01-01T00:00:00Z"),
        (b"\x18\x0f99991231235959Z", "9999-12-31T23:59:59Z"),
        # DER forbids these, and OpenSSL reads them.
        (b"\x17\x0b2601010000Z", "2026-01-01T00:00:00Z"),
        (b"\x17\x11260101080000+0800", "2026-01-01T00:00:00Z"),
        (b"\x17\x11251231193000-0430", "2026-01-01T00:00:00Z"),
        (b"\x18\x1120260101000000.9Z", "2026-01-01T00:00:00Z"),
        (b"\x18\x1620260101083000.25+0830", "2026-01-01T00:00:00Z"),
        (b"\x17\x0d261301000000Z", None),
        (b"\x17\x0d260230000000Z", None),
        (b"\x17\x0c260101000000", None),
        (b"\x18\x0d260101000000Z", None),
        (b"\x04\x0d260101000000Z", None),
    ],
)
def test_reads_every_time(encoded: bytes, expected: str | None, authority: Authority) -> None:
    """The end is read in both forms of time and all their years; without it, the beginning still is."""
    encoded_whole = ssl.PEM_cert_to_DER_cert(authority.issue("/CN=example.com"))
    begin, end = re.findall(rb"\x17\x0d\d{12}Z", encoded_whole)
    patched = reencoded(encoded_whole, begin + end, begin + encoded)
    pem = ssl.DER_cert_to_PEM_cert(patched)
    fields, faults = leaf_fields(pem)
    assert fields["x509_not_after"] == expected
    assert fields["x509_not_before"]
    assert {*faults} == ({"x509_not_after", "x509_chain_not_after"} if expected is None else set())
    judgement = judged(pem)
    # OpenSSL ignores the offset of a time in this form with a fraction, and prints fractions.
    assert not judgement or b"." in encoded or judgement["x509_not_after"] == expected


def test_reads_what_the_library_refuses_to_load(authority: Authority) -> None:
    """A wrong version costs no field, though the library refuses such a certificate."""
    certificate = authority.issue("/CN=example.com", "-addext", "subjectAltName=DNS:example.com")
    changed = reencoded(ssl.PEM_cert_to_DER_cert(certificate), b"\x02\x01\x02", b"\x02\x01\x07")
    with pytest.raises(InvalidVersion):
        load_der_x509_certificate(changed)
    fields, faults = leaf_fields(ssl.DER_cert_to_PEM_cert(changed))
    before, _ = leaf_fields(certificate)
    assert not faults
    assert {field for field in FIELDS if fields[field] != before[field]} == {
        "x509_fingerprint_sha256",
        "x509_self_signed",
        "x509_chain_complete",
    }


def test_writes_a_nul_as_its_escape(authority: Authority) -> None:
    """A NUL in a name neither ends it nor reaches a database."""
    certificate = authority.issue(
        "/CN=a.example_b.example", "-addext", "subjectAltName=DNS:a.example_b.example"
    )
    changed = ssl.PEM_cert_to_DER_cert(certificate).replace(b"a.example_b", b"a.example\0b")
    fields, _ = leaf_fields(ssl.DER_cert_to_PEM_cert(changed))
    assert fields["x509_subject"] == r"CN=a.example\00b.example"
    assert fields["x509_subject_common_name"] == r"a.example\00b.example"
    assert fields["x509_subject_alternative_names"] == [r"a.example\00b.example"]


def test_knows_ml_dsa() -> None:
    """A key of ML-DSA has its name, and its signature is checked."""
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    key = mldsa.MLDSA65PrivateKey.generate()
    name = Name([NameAttribute(NameOID.COMMON_NAME, "example.com")])
    builder = CertificateBuilder(name, name, key.public_key(), 1, datetime(2026, 1, 1), datetime(2027, 1, 1))  # noqa: DTZ001 - the library's times are in UTC
    certificate = builder.sign(key, None).public_bytes(Encoding.PEM).decode()
    fields, faults = leaf_fields(certificate)
    assert not faults
    assert fields["x509_public_key_algorithm"] == fields["x509_signature_algorithm"] == "ML-DSA-65"
    assert fields["x509_self_signed"] is True


@pytest.mark.parametrize("key", ["EC:ec_paramgen_curve:P-384", "ED25519"])
def test_is_self_signed_by_its_signature_only(key: str, authority: Authority) -> None:
    """A certificate of the same subject and issuer that another key signed is not self-signed."""
    authority.issue("/CN=authority")
    fields, faults = leaf_fields(authority.issue("/CN=authority", key=key, issuer="authority"))
    assert (fields["x509_self_signed"], faults) == (False, {})
    assert fields["x509_subject"] == fields["x509_issuer"]


@pytest.mark.parametrize("name", ["bad_country.pem", "negative_serial.pem"])
def test_reads_in_silence(name: str, recwarn: pytest.WarningsRecorder) -> None:
    """What the library warns of is read, and no warning escapes."""
    with pytest.warns((CryptographyDeprecationWarning, UserWarning)):
        load_pem_x509_certificate(published()[name].encode()).subject.rfc4514_string()
    recwarn.clear()
    fields, faults = leaf_fields(published()[name] + "\n")
    assert not faults
    assert fields["x509_subject"]
    assert not recwarn.list


def test_finds_the_leaf_in_any_order(chain: tuple[str, ...]) -> None:
    """The leaf of a chain is the same in every order, and the length is the chain's."""
    for permutation in itertools.permutations(chain):
        fields, faults = leaf_fields("".join(permutation))
        assert (fields["x509_subject_common_name"], faults) == ("leaf", {})
        assert fields["x509_chain_length"] == len(chain)
        assert fields["x509_chain_complete"] is (permutation == chain)


def test_finds_the_leaf_in_odd_chains(authority: Authority, chain: tuple[str, ...]) -> None:
    """Copies, strangers, loops and unreadable certificates neither hide the leaf nor end in an error."""
    leaf, intermediate, root = chain
    broken = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(root)[:-1])
    torn = root.replace(root.splitlines()[1], root.splitlines()[1][1:])
    stranger = authority.issue("/CN=stranger", "-addext", "basicConstraints=critical,CA:TRUE")
    for odd in (
        (leaf, leaf),
        (leaf, leaf, intermediate),
        (root, leaf, root, intermediate, leaf, intermediate),
        (stranger, intermediate, leaf),
        (leaf, broken),
        (broken, leaf),
        (torn, intermediate, leaf),
    ):
        fields, faults = leaf_fields("".join(odd))
        assert fields["x509_subject_common_name"] == "leaf"
        assert faults.keys() <= {"x509_chain_complete"}
        assert fields["x509_chain_complete"] is (None if faults else odd == (leaf, leaf, intermediate))
        assert fields["x509_chain_length"] == len(odd)
    authority.issue("/CN=one")
    two = authority.issue("/CN=two", issuer="one")
    one = authority.issue("/CN=one", issuer="two")
    assert leaf_fields(one + two)[0]["x509_subject_common_name"] == "one"
    assert leaf_fields(two + one)[0]["x509_subject_common_name"] == "two"


LONG = {"begin": "2020-01-01T00:00:00", "end": "2031-01-01T00:00:00"}


@pytest.fixture(scope="module")
def issuers() -> dict[str, Issuer]:
    """A root with its intermediates, one of which has ended, and another root with what it has signed."""
    root = Issuer("root", begin="2000-01-01T00:00:00", end="2020-01-01T00:00:00")
    other = Issuer("other root", **LONG)
    ended = Issuer("issuing", root, begin="2020-01-01T00:00:00", end="2026-11-01T00:00:00")
    again = Issuer("issuing", root, key=ended.key, **LONG)
    # A root's new key, signed by the old one.
    rolled = Issuer("root", root, begin="2020-01-01T00:00:00", end="2026-11-01T00:00:00")
    return {
        "root": root,
        "other root": other,
        "ended": ended,
        "again": again,
        "namesake": Issuer("issuing", other, **LONG),
        "rolled": rolled,
        "crossed": Issuer(
            "root", other, key=root.key, begin="2020-01-01T00:00:00", end="2026-12-01T00:00:00"
        ),
        "unrelated": Issuer("unrelated", other, begin="2020-01-01T00:00:00", end="2021-01-01T00:00:00"),
    }


@pytest.mark.parametrize(
    ("sent", "not_after", "complete"),
    [
        (["leaf", "again"], "2026-12-29T23:59:59Z", True),
        (["leaf", "again", "root"], "2026-12-29T23:59:59Z", True),
        (["leaf", "ended"], "2026-11-01T00:00:00Z", True),
        (["leaf", "ended", "root"], "2026-11-01T00:00:00Z", True),
        (["leaf", "again", "crossed"], "2026-12-01T00:00:00Z", True),
        (["leaf", "again", "crossed", "other root"], "2026-12-01T00:00:00Z", True),
        # Verifiers take the one that lasts.
        (["leaf", "ended", "again"], "2026-12-29T23:59:59Z", False),
        # Its name is right, its key is not.
        (["leaf", "namesake"], "2026-12-29T23:59:59Z", False),
        (["leaf", "namesake", "ended"], "2026-11-01T00:00:00Z", False),
        (["leaf"], "2026-12-29T23:59:59Z", False),
        (["ended", "leaf"], "2026-11-01T00:00:00Z", False),
        (["leaf", "root", "ended"], "2026-11-01T00:00:00Z", False),
        # Of two ways the one that lasts longer, although its first issuer ends sooner.
        (["leaf", "again", "root", "rolled"], "2026-12-29T23:59:59Z", False),
        # Signed by the root's older key: it is no root, though it says so.
        (["signed by rolled", "rolled"], "2026-11-01T00:00:00Z", True),
        # Nobody needs it, so that its end does no harm.
        (["leaf", "again", "unrelated"], "2026-12-29T23:59:59Z", False),
        (["unrelated", "leaf", "again"], "2026-12-29T23:59:59Z", False),
        (["root"], "2020-01-01T00:00:00Z", True),
    ],
)
def test_judges_the_chain(
    sent: list[str],
    not_after: str,
    complete: bool,  # noqa: FBT001
    issuers: dict[str, Issuer],
) -> None:
    """A chain ends with the first on the way to a root, and is complete in order, by its signatures."""
    pems = {name: issuer.pem for name, issuer in issuers.items()}
    pems |= {"leaf": issuers["ended"].issue("leaf"), "signed by rolled": issuers["rolled"].issue("leaf")}
    fields, faults = leaf_fields("".join(pems[name] for name in sent))
    assert not faults
    assert fields["x509_subject_common_name"] == ("root" if sent == ["root"] else "leaf")
    assert (fields["x509_chain_not_after"], fields["x509_chain_complete"]) == (not_after, complete)


def test_does_not_know_a_chain_that_it_cannot_verify(authority: Authority) -> None:
    """A signature of an algorithm that the library lacks leaves open whether a chain is complete."""
    key = "EC:ec_paramgen_curve:SM2"
    issuer = authority.issue("/CN=sm2", "-sm3", "-addext", "basicConstraints=CA:TRUE", key=key)
    leaf = authority.issue("/CN=leaf", issuer="sm2", signer=key)
    fields, faults = leaf_fields(leaf + issuer)
    assert (fields["x509_chain_complete"], faults) == (None, {})


@pytest.mark.parametrize("constraints", ["3003010100", "30030201", "0500", "", "3000"])
def test_the_position_tells_the_leaf_before_what_cannot_be_read(
    constraints: str, issuers: dict[str, Issuer]
) -> None:
    """A leaf whose constraints are odd, or cannot be read, is the leaf beside any authority."""
    leaf = issuers["again"].issue("leaf", {CONSTRAINTS: bytes.fromhex(constraints)})
    for stranger in (issuers["unrelated"].pem, issuers["unrelated"].issue("other", {CONSTRAINTS: b"0"})):
        assert leaf_fields(leaf + stranger)[0]["x509_subject_common_name"] == "leaf"
    assert leaf_fields(issuers["unrelated"].pem + leaf)[0]["x509_subject_common_name"] == "leaf"


def test_what_is_cut_off_may_be_the_leaf(issuers: dict[str, Issuer]) -> None:
    """Beside authorities, a block that is torn or spelt wrongly is the leaf, of which nothing is known."""
    leaf, issuing = issuers["again"].issue("leaf"), issuers["again"].pem
    torn = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(leaf)[:-9])
    for broken in (
        torn,
        leaf.replace("-----END CERTIFICATE-----\n", ""),
        leaf.replace("-----BEGIN", "----BEGIN").replace("MII", "-MII"),
        leaf.replace("\n", "\nProc-Type: 4-X\n", 1),
        leaf.replace("END CERT", "END  CERT"),
    ):
        for sent in (broken + issuing, issuing + broken):
            fields, faults = leaf_fields(sent)
            assert fields["x509_not_after"] is None
            assert "x509_not_after" in faults
        fields, faults = leaf_fields(broken + leaf + issuing)
        assert fields["x509_subject_common_name"] == "leaf"
        assert faults.keys() == {"x509_chain_complete"}


@pytest.mark.parametrize("extensions", [{}, {"2.5.29.15": bytes.fromhex("03020106")}])
def test_an_authority_of_old_is_no_leaf(extensions: dict[str, bytes], issuers: dict[str, Issuer]) -> None:
    """A root without constraints, or whose key may sign certificates, is not taken for the leaf behind it."""
    old = Issuer("old", **LONG)
    root = old.issue("old", extensions, key=old.key, end="2040-01-01T00:00:00")
    fields, _ = leaf_fields(root + issuers["again"].issue("leaf"))
    assert fields["x509_subject_common_name"] == "leaf"


def test_reads_elements_without_a_length(issuers: dict[str, Issuer]) -> None:
    """BER's form that ends with a mark is read as well, however deep, but not without end."""
    pem = issuers["again"].issue("leaf", {ALTERNATIVE_NAMES: names("a.example.com")})
    encoded = ssl.PEM_cert_to_DER_cert(pem)
    sequence = names("a.example.com")
    unmeasured = reencoded(
        encoded, element(0x04, sequence), element(0x04, b"\x30\x80" + der.first(sequence).content + b"\0\0")
    )
    for changed in (unmeasured, b"\x30\x80" + der.first(encoded).content + b"\0\0"):
        fields, faults = leaf_fields(ssl.DER_cert_to_PEM_cert(changed))
        assert fields["x509_subject_alternative_names"] == ["a.example.com"]
        assert not faults
    with pytest.raises(ValueError, match="truncated"):
        der.first(b"\x30\x80" * 1000)


@pytest.mark.parametrize(
    ("tag", "octets", "expected"),
    [
        (0x0C, "Büro".encode(), "Büro"),
        (0x13, b"Salt & Pepper *", "Salt & Pepper *"),
        (0x14, "Compañía".encode("latin-1"), "Compañía"),
        (0x16, "Compañía".encode("latin-1"), "Compañía"),
        (0x1E, "株式会社".encode("utf-16-be"), "株式会社"),
        (0x1C, "株式会社".encode("utf-32-be"), "株式会社"),
        (0x0C, "中国".encode("gbk"), r"\D6\D0\B9\FA"),
        (0x1E, b"\x00A\xd8", r"\00A\D8"),
        (0x0C, b"A\0B", r"A\00B"),
    ],
)
def test_reads_every_string(tag: int, octets: bytes, expected: str, issuers: dict[str, Issuer]) -> None:
    """A text is read in the encoding of its type, as OpenSSL does, and what is no text octet by octet."""
    encoded = ssl.PEM_cert_to_DER_cert(issuers["root"].issue("leaf"))
    old = element(0x30, bytes.fromhex("0603550403"), element(0x0C, b"leaf"))
    new = element(0x30, bytes.fromhex("060355040a"), element(tag, octets))
    pem = ssl.DER_cert_to_PEM_cert(reencoded(encoded, der.first(old).content, der.first(new).content))
    fields, faults = leaf_fields(pem)
    assert (fields["x509_subject_organization"], faults) == (expected, {})
    assert fields["x509_subject"] == f"O={expected}"
    judgement = judged(pem)
    assert not judgement or "\\" in expected or judgement["x509_subject_organization"] == expected


def test_reads_the_names_beside_one_that_is_none(issuers: dict[str, Issuer]) -> None:
    """A name that is no text, an address of five octets and other kinds of names cost only themselves."""
    unknown = element(0xA3, element(0x30)), element(0x87, b"12345"), element(0x89, b"?")
    sent = names("a.example.com", "m\xfcller.example.com", *unknown, "b.example.com")
    fields, faults = leaf_fields(issuers["root"].issue("leaf", {ALTERNATIVE_NAMES: sent}))
    assert fields["x509_subject_alternative_names"] == [
        "a.example.com",
        r"m\FCller.example.com",
        "b.example.com",
    ]
    assert fields["x509_subject_alternative_names_complete"] is False
    assert faults.keys() == {"x509_subject_alternative_names"}
    assert r"m\FCller" in faults["x509_subject_alternative_names"]
    # Nothing that a terminal would obey.
    sent = names("\x1b[31m\n\xfc")
    _, faults = leaf_fields(issuers["root"].issue("leaf", {ALTERNATIVE_NAMES: sent}))
    assert faults == {"x509_subject_alternative_names": r"no name: [31m \FC"}
    # It is known which domains this one is for.
    sent = names("a.example.com", *unknown)
    fields, faults = leaf_fields(issuers["root"].issue("leaf", {ALTERNATIVE_NAMES: sent}))
    assert fields["x509_subject_alternative_names"] == ["a.example.com"]
    assert fields["x509_subject_alternative_names_complete"] is True
    assert faults.keys() == {"x509_subject_alternative_names"}


def test_skips_an_empty_relative_name(issuers: dict[str, Issuer]) -> None:
    """A part of a name without attributes, which OpenSSL prints as nothing, hides no other."""
    encoded = ssl.PEM_cert_to_DER_cert(issuers["root"].issue("leaf"))
    name = element(0x31, element(0x30, bytes.fromhex("0603550403"), element(0x0C, b"leaf")))
    pem = ssl.DER_cert_to_PEM_cert(reencoded(encoded, name, element(0x31) + name))
    fields, faults = leaf_fields(pem)
    assert (fields["x509_subject"], fields["x509_subject_common_name"], faults) == ("CN=leaf", "leaf", {})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-sha1"], ("RSASSA-PSS", "sha1")),
        (["-sha256"], ("RSASSA-PSS", "sha256")),
        (["-sha512"], ("RSASSA-PSS", "sha512")),
        (["-sha512", "-sigopt", "rsa_mgf1_md:sha1"], ("RSASSA-PSS", "sha512")),
    ],
)
def test_knows_the_digest_of_a_signature(
    options: list[str], expected: tuple[str, str], authority: Authority
) -> None:
    """RSASSA-PSS is as strong as the digest among its parameters, and is verified with all of them."""
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]
    certificate = authority.issue("/CN=leaf", *pss, *options, key="RSA:rsa_keygen_bits:2048")
    fields, faults = leaf_fields(certificate)
    assert (fields["x509_signature_algorithm"], fields["x509_signature_hash"]) == expected
    assert (fields["x509_self_signed"], faults) == (True, {})


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("2b0e03021d", ("sha1WithRSA", "sha1")),
        ("2b0e030203", ("md5WithRSA", "md5")),
        ("608648016503040309", ("2.16.840.1.101.3.4.3.9", "sha3-224")),
        ("2b6570", ("Ed25519", None)),
        ("2a030405", ("1.2.3.4.5", None)),
    ],
)
def test_knows_an_algorithm_by_its_aliases(
    identifier: str, expected: tuple[str, str | None], issuers: dict[str, Issuer]
) -> None:
    """An old identifier of an algorithm has its own name and the same digest; of others nobody knows one."""
    encoded = ssl.PEM_cert_to_DER_cert(issuers["root"].issue("leaf"))
    old = element(0x06, bytes.fromhex("2a8648ce3d040302"))
    changed = reencoded(encoded, old, element(0x06, bytes.fromhex(identifier)))
    fields, _ = leaf_fields(ssl.DER_cert_to_PEM_cert(changed))
    assert (fields["x509_signature_algorithm"], fields["x509_signature_hash"]) == expected


def test_gives_the_fingerprint_of_what_cannot_be_read(chain: tuple[str, ...]) -> None:
    """Of a leaf that is cut off its fingerprint and the chain's length remain, not its issuer's fields."""
    leaf, intermediate, root = chain
    torn = ssl.PEM_cert_to_DER_cert(leaf)[:-1]
    sent = ssl.DER_cert_to_PEM_cert(torn) + intermediate + root
    assert certificates(sent) == intermediate + root
    fields, faults = leaf_fields(sent)
    assert {field: value for field, value in fields.items() if value is not None} == {
        "x509_fingerprint_sha256": hashlib.sha256(torn).hexdigest(),
        "x509_chain_length": 3,
    }
    assert_nulls_explained(fields, faults)
    assert "x509_subject" in faults


def test_parses_each_chain_once(chain: tuple[str, ...]) -> None:
    """A chain that many domains serve is parsed for the first, and no record can change another's lists."""
    x509._leaf_values.cache_clear()
    for _ in range(100):
        # Each response brings a text of its own.
        fields, _ = leaf_fields("".join(chain))
        fields["x509_subject_alternative_names"].append("example.com")
    assert x509._leaf_values.cache_info().misses == 1
    assert leaf_fields("".join(chain))[0]["x509_subject_alternative_names"] == []


@pytest.fixture(scope="module")
def private_keys(authority: Authority) -> list[str]:
    """Return private keys in all their forms."""
    rsa, ec = authority.key("RSA:rsa_keygen_bits:2048"), authority.key(P256)
    return [
        ec.read_text(),
        rsa.read_text(),
        openssl("rsa", "-traditional", "-in", rsa),
        openssl("ec", "-in", ec),
        openssl("pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:s3cr3t", "-in", rsa),
        openssl("rsa", "-traditional", "-aes128", "-passout", "pass:s3cr3t", "-in", rsa),
    ]


def secret(key: str) -> str:
    """Return a line of a private key that nothing may hold."""
    return max(key.splitlines()[1:-1], key=len)


def test_passes_on_only_certificates(chain: tuple[str, ...], private_keys: list[str]) -> None:
    """Of text around, private keys, other line ends and older labels nothing but certificates remains."""
    leaf, root, _ = chain
    crlf, escaped = leaf.replace("\n", "\r\n"), leaf.replace("\n", r"\n")
    body = "".join(leaf.splitlines()[1:-1])
    trusted = openssl("x509", "-trustout", "-addtrust", "serverAuth", "-setalias", "s3cr3t", text=leaf)
    for sent in (
        leaf,
        crlf,
        escaped,
        escaped.replace(r"\n", r"\r\n"),
        leaf.strip(),
        leaf.replace("\n", ""),
        leaf.replace("\n", " "),
        leaf.replace("\n", "\n\n\t "),
        leaf.replace("-----\n", "-----\n\ufeff").replace(body[9], f"{body[9]}é\0\u2028"),
        leaf.replace(" CERTIFICATE", " X509 CERTIFICATE"),
        trusted,
        f"subject=CN = leaf\nissuer=…\n{leaf}\ntrailing -----",
        f"-----BEGIN CERTIFICATE-----\n{leaf}-----END CERTIFICATE-----",
        *(before + leaf for before in private_keys),
        *(leaf + after for after in private_keys),
        *(key.replace("\n-----END", f"\n{leaf}-----END") for key in private_keys),
        *(leaf + key.replace("PRIVATE KEY", "CERTIFICATE") for key in private_keys),
        *(leaf + re.sub("BEGIN .*KEY", "BEGIN CERTIFICATE", key) for key in private_keys),
        *(leaf.replace("-----END", f"{secret(key)}\n-----END") for key in private_keys),
    ):
        assert certificates(sent) == leaf, sent
        assert certificates(sent + root) == leaf + root, sent
    assert BLOCK.fullmatch(leaf)


def test_finds_no_certificate_where_there_is_none(private_keys: list[str]) -> None:
    """Without a certificate nothing is passed on, and each field says so."""
    for sent in ("", " ", "example", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", *private_keys):
        assert certificates(sent) is None
    fields, faults = leaf_fields("")
    assert set(fields.values()) == {None}
    assert faults == dict.fromkeys(FIELDS, "there is no certificate to read")


def pem_blocks(pems: list[str]) -> st.SearchStrategy[str]:
    """Return texts of whole and torn PEM blocks, and anything between."""
    torn = st.sampled_from(pems).flatmap(
        lambda pem: st.tuples(st.integers(0, len(pem)), st.integers(0, len(pem))).map(
            lambda ends: pem[min(ends) : max(ends)]
        )
    )
    label = st.sampled_from(["CERTIFICATE", "PRIVATE KEY", "TRUSTED CERTIFICATE", "X509 CERTIFICATE", ""])
    mark = st.builds("-----{} {}-----".format, st.sampled_from(["BEGIN", "END"]), label)
    part = st.one_of(
        st.sampled_from(pems), torn, mark, st.text(max_size=20), st.sampled_from(["\n", r"\n", "-"])
    )
    return st.lists(part, max_size=8).map("".join)


@settings(max_examples=300)
@given(data=st.data())
def test_never_passes_on_anything_else(
    data: st.DataObject, chain: tuple[str, ...], private_keys: list[str]
) -> None:
    """Whatever is sent, only certificates are passed on, and reading them ends in values or in reasons."""
    sent = data.draw(pem_blocks([*chain, *private_keys]))
    fields, faults = leaf_fields(sent)
    passed_on = certificates(sent)
    if passed_on is None:
        assert faults
        return
    blocks = BLOCK.findall(passed_on)
    assert "".join(blocks) == passed_on == certificates(passed_on)
    ders = [ssl.PEM_cert_to_DER_cert(block) for block in blocks]
    assert not any(base64.b64decode(secret(key)) in found for key in private_keys for found in ders)
    assert_nulls_explained(fields, faults)


@given(text=st.text())
@example("\0")
@example("-----BEGIN CERTIFICATE-----" * 10_000)
@example("-----BEGIN CERTIFICATE-----" + "A" * 1_000_000 + "-----END CERTIFICATE-----")
@example(ssl.DER_cert_to_PEM_cert(b"\x30\x80" * 100_000))
@example(ssl.DER_cert_to_PEM_cert(b"\x30\x84\xff\xff\xff\xff"))
def test_reads_any_text(text: str) -> None:
    """No text is an error."""
    assert certificates(text) is None
    fields, faults = leaf_fields(text)
    assert tuple(fields) == FIELDS
    assert faults


@settings(max_examples=500)
@given(data=st.data())
def test_reads_any_mutation(data: st.DataObject) -> None:
    """A certificate with octets changed, lost or doubled has values, and reasons for what has none."""
    mutated = bytearray(data.draw(st.sampled_from(mutable())))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(mutated)))
        end = data.draw(st.integers(start, min(start + 4, len(mutated))))
        mutated[start:end] = data.draw(st.binary(max_size=4) | st.just(bytes(mutated[start : start + 200])))
    pem = ssl.DER_cert_to_PEM_cert(bytes(mutated))
    fields, faults = leaf_fields(pem)
    assert tuple(fields) == FIELDS
    assert_nulls_explained(fields, faults)
    assert r"\u0000" not in json.dumps(fields)
    # What follows a complete certificate is not part of it.
    kept = ssl.PEM_cert_to_DER_cert(certificates(pem) or pem)
    assert fields["x509_fingerprint_sha256"] == hashlib.sha256(kept).hexdigest()


@cache
def mutable() -> list[bytes]:
    """Return published certificates that have all kinds of parts."""
    names = (
        "cryptography-scts.pem",
        "tls-feature-ocsp-staple.pem",
        "san_email_dns_ip_dirname_uri.pem",
        "root 1",
    )
    found = published()
    return [ssl.PEM_cert_to_DER_cert(BLOCK.findall(found[name])[0]) for name in names]
