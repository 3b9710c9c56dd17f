"""What OpenSSL reads of certificates, and where the tap reads something else.

`python tests/judge.py FOLDER` compares the certificates of a folder, in files of PEM or DER, and prints what
differs, by kind. It ends with 1 if a value is lost.
"""

from __future__ import annotations

import ipaddress
import operator
import re
import ssl
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_cdn_certs.records.x509 import certificates, leaf_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What OpenSSL calls by other names than the RFCs.
NAMES = {
    "DSA-SHA1": "dsa-with-sha1",
    "dsa_with_SHA256": "dsa-with-sha256",
    "dsaEncryption": "DSA",
    "ED25519": "Ed25519",
    "ED448": "Ed448",
    "id-ecPublicKey": "EC",
    "prime256v1": "secp256r1",
    "rsaEncryption": "RSA",
    "rsassaPss": "RSASSA-PSS",
    "street": "STREET",
}
DIGEST = re.compile(r"md[245]|sha3-\d+|sha512-2\d+|sha\d*|sm3|ripemd160")


class Difference(NamedTuple):
    """A field of which the tap and OpenSSL do not read the same."""

    field: str
    ours: Any
    judgement: Any
    fault: str | None

    @property
    def lost(self) -> bool:
        """Whether the tap has no value, or fewer, where OpenSSL has one; a verdict on a signature is none."""
        if isinstance(self.ours, list):
            return len(self.ours) < len(self.judgement)
        return self.ours is None and bool(self.judgement) and self.field != "x509_self_signed"


@cache
def objects() -> dict[str, tuple[str, str]]:
    """Return the short name and the identifier of each object that OpenSSL knows, by short and long name."""
    listed = subprocess.run(
        ["openssl", "list", "-objects"], capture_output=True, text=True, check=True
    ).stdout
    lines = re.findall(r"^(\S+) = (?:(.+), )?([\d.]+)$", listed, re.MULTILINE)
    return {name: (short, oid) for short, long, oid in lines for name in (long, short)}


def rfc_names(printed: str) -> set[str]:
    """Return what we may call an object that OpenSSL printed: its name in the RFCs, or its identifier."""
    short, oid = objects().get(printed, (printed, printed))
    return {NAMES.get(short, short), printed, oid}


@cache
def attribute_types() -> dict[str, str]:
    """Return the identifier of each attribute type, by its short name in the RFCs."""
    return {NAMES.get(short, short): oid for short, oid in objects().values()}


def by_identifier(name: str) -> str:
    """Return a distinguished name with identifiers for attribute types, and each set in order."""
    types = attribute_types()
    relative_names = re.split(r"(?<!\\),", name)
    return ",".join(
        "+".join(
            sorted(
                re.sub(r"^[A-Z]+(?==)", lambda match: types[match[0]], attribute)
                for attribute in re.split(r"(?<!\\)\+", relative_name)
            )
        )
        for relative_name in relative_names
    )


def attribute(name: str, short: str) -> str | None:
    """Return the first, most specific attribute of a type in a distinguished name, without its escapes."""
    found = re.search(rf"(?:^|(?<!\\)[,+]){objects()[short][1]}=((?:\\.|[^,+\\])*)", name)
    return (re.sub(r"\\([^0-9A-F])", r"\1", found[1]) or None) if found else None


def self_signed(chain: str) -> bool:
    """Return whether OpenSSL finds that a certificate is its own issuer, by its signature."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(chain)
        file.flush()
        checks = ["-check_ss_sig", "-no_check_time", "-ignore_critical", "-auth_level", "0"]
        command = ["openssl", "verify", *checks, "-trusted", file.name, file.name]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Printed(NamedTuple):
    """What OpenSSL prints of a certificate: a text, and lines that each begin with what they say."""

    text: str
    lines: str

    def line(self, name: str) -> str:
        """Return what one of the lines says, if it is there."""
        found = re.search(rf"^{name}=(.*)$", self.lines, re.MULTILINE)
        return found[1] if found else ""

    def time(self, name: str) -> str | None:
        """Return the time that one of the lines says, if it is there."""
        found = re.search(rf"^{name}= *(\d+)-(.*) (.*)$", self.lines, re.MULTILINE)
        return f"{int(found[1]):04}-{found[2]}T{found[3]}" if found else None

    def stated(self, name: str) -> str:
        """Return what the text says last of something, if it does."""
        found = re.findall(rf"^ *{name}: *\(?(.*?)(?: bit\))? *$", self.text, re.MULTILINE)
        return found[-1] if found else ""

    def extensions(self) -> dict[str, str]:
        """Return the extensions, by their names."""
        bodies = re.findall(r"^ {12}(\S.*?): *(?:critical)?\n((?: {16}.*\n?|\n)*)", self.text, re.MULTILINE)
        return {name: body.strip() for name, body in bodies}

    def digest(self) -> str | None:
        """Return the digest that was signed: a parameter of RSASSA-PSS, of others a part of the name."""
        algorithm = self.text.rpartition("Signature Algorithm: ")[2].partition("Mask")[0]
        found = DIGEST.search(algorithm.lower())
        return found and found[0]


def printed(chain: str) -> Printed | None:
    """Return what OpenSSL prints of a chain's first certificate, if it reads it."""
    shown = ["-text", "-subject", "-issuer", "-serial", "-fingerprint", "-sha256", "-dates"]
    style = ["-dateopt", "iso_8601", "-nameopt", "esc_2253,utf8,sep_comma_plus,dn_rev,oid"]
    command = ["openssl", "x509", "-noout", *shown, *style]
    done = subprocess.run(command, input=chain.encode(), capture_output=True, check=False)
    if done.returncode:
        return None
    text, lines = done.stdout.decode(errors="replace").rsplit("\nsubject=", 1)
    return Printed(text, f"subject={lines}")


def judged(chain: str) -> dict[str, Any] | None:
    """Return what the fields of a chain's first certificate are by OpenSSL, if it reads the certificate."""
    said = printed(chain)
    if said is None:
        return None
    extensions = said.extensions()
    names = extensions.get("X509v3 Subject Alternative Name", "")
    usages = extensions.get("X509v3 Extended Key Usage", "")
    access = extensions.get("Authority Information Access", "")
    subject, issuer = said.line("subject"), said.line("issuer")
    return {
        "x509_subject": by_identifier(subject) if subject else None,
        "x509_subject_common_name": attribute(subject, "CN"),
        "x509_subject_organization": attribute(subject, "O"),
        "x509_subject_alternative_names": [
            str(ipaddress.ip_address(name)) if kind == "IP Address" else name
            for kind, name in re.findall(r"(?:^|, )(DNS|IP Address):(.*?)(?=, [\w ]+:|$)", names)
            if name != "<invalid>"
        ],
        "x509_issuer": by_identifier(issuer) if issuer else None,
        "x509_issuer_common_name": attribute(issuer, "CN"),
        "x509_issuer_organization": attribute(issuer, "O"),
        "x509_serial_number": int(said.line("serial"), 16),
        "x509_fingerprint_sha256": said.line("sha256 Fingerprint").replace(":", "").lower(),
        "x509_not_before": said.time("notBefore"),
        "x509_not_after": said.time("notAfter"),
        "x509_public_key_algorithm": rfc_names(said.stated("Public Key Algorithm")),
        "x509_public_key_bits": int(said.stated("Public-Key") or 0) or None,
        "x509_public_key_curve": rfc_names(said.stated("ASN1 OID")) if said.stated("ASN1 OID") else None,
        "x509_signature_algorithm": rfc_names(said.stated("Signature Algorithm")),
        "x509_signature_hash": said.digest(),
        "x509_self_signed": subject == issuer and self_signed(chain),
        "x509_must_staple": "status_request" in extensions.get("TLS Feature", "").split(", "),
        "x509_sct_count": said.text.count("Signed Certificate Timestamp:\n"),
        "x509_chain_length": chain.count("BEGIN"),
        "x509_is_ca": "CA:TRUE" in extensions.get("X509v3 Basic Constraints", ""),
        "x509_extended_key_usages": [rfc_names(usage) for usage in usages.split(", ")] if usages else [],
        "x509_ocsp_urls": re.findall(r"OCSP - URI:(.*)", access),
        "x509_ca_issuer_urls": re.findall(r"CA Issuers - URI:(.*)", access),
    }


def same_number(ours: str, judgement: int) -> bool:
    """Return whether octets are a number; a positive one comes without the zero that DER puts before it."""
    return int.from_bytes(bytes.fromhex(ours), signed=judgement < 0) == judgement


def same_names(ours: list[str], judgement: list[str]) -> bool:
    """Return whether names are the same, where OpenSSL prints octets that are no text as they are."""
    pairs = zip(ours, judgement, strict=False)
    return len(ours) == len(judgement) and all(one == other or "\\" in one for one, other in pairs)


def same_time(ours: str, judgement: str) -> bool:
    """Return whether times are the same, where OpenSSL prints fractions of a second."""
    return ours == re.sub(r"\.\d+", "", judgement)


def same_objects(ours: list[str], judgement: list[set[str]]) -> bool:
    """Return whether objects are those that OpenSSL prints by one of their names."""
    return len(ours) == len(judgement) and all(map(operator.contains, judgement, ours))


COMPARED_BY: dict[str, Callable[[Any, Any], bool]] = {
    "x509_serial_number": same_number,
    "x509_subject": lambda ours, judgement: by_identifier(ours) == judgement,
    "x509_issuer": lambda ours, judgement: by_identifier(ours) == judgement,
    "x509_subject_alternative_names": same_names,
    "x509_not_before": same_time,
    "x509_not_after": same_time,
    "x509_extended_key_usages": same_objects,
    "x509_public_key_algorithm": lambda ours, judgement: ours in judgement,
    "x509_public_key_curve": lambda ours, judgement: ours in judgement,
    "x509_signature_algorithm": lambda ours, judgement: ours in judgement,
}


def agree(field: str, ours: Any, judgement: Any) -> bool:
    """Return whether a value of ours is the one that OpenSSL printed in its own way."""
    if ours is None or judgement is None:
        return ours is judgement
    return COMPARED_BY.get(field, operator.eq)(ours, judgement)


def differences(chain: str, judgement: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the fields of a chain of one in which our value is not OpenSSL's."""
    fields, faults = leaf_fields(chain)
    for field, judged_value in judgement.items():
        if not agree(field, fields[field], judged_value):
            yield Difference(field, fields[field], judged_value, faults.get(field))


def all_judged(chains: Mapping[str, str]) -> dict[str, dict[str, Any] | None]:
    """Return OpenSSL's judgement of many certificates."""
    with ThreadPoolExecutor() as threads:
        return dict(zip(chains, threads.map(judged, chains.values()), strict=True))


def in_folder(folder: Path) -> dict[str, str]:
    """Return the first certificate of each file of a folder, as PEM, by the file's name."""
    found = {}
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        content = path.read_bytes()
        pem = content.decode("latin-1") if b"-----BEGIN" in content else ssl.DER_cert_to_PEM_cert(content)
        if chain := certificates(pem):
            found[str(path.relative_to(folder))] = chain[: chain.index("END")] + "END CERTIFICATE-----\n"
    return found


def main(folder: str) -> int:
    """Compare the certificates of a folder, print what differs by kind, and return the exit code."""
    chains = in_folder(Path(folder))
    kinds: dict[str, list[tuple[str, Difference]]] = defaultdict(list)
    judgements = all_judged(chains)
    for name, judgement in judgements.items():
        for difference in differences(chains[name], judgement) if judgement else ():
            kind = "lost" if difference.lost else "different"
            kinds[f"{kind}: {difference.field}"].append((name, difference))
    for kind, examples in sorted(kinds.items()):
        sys.stdout.write(f"{kind} ({len(examples)})\n")
        for name, (_, ours, judgement, fault) in examples[:5]:
            sys.stdout.write(f"  {name}: {ours!r}, OpenSSL {judgement!r}{f' ({fault})' if fault else ''}\n")
    read = sum(judgement is not None for judgement in judgements.values())
    lost = sum(len(examples) for kind, examples in kinds.items() if kind.startswith("lost"))
    sys.stdout.write(f"{len(chains)} certificates, {read} of which OpenSSL reads: {lost} values lost.\n")
    return 1 if lost else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit((__doc__ or "").strip())
    sys.exit(main(sys.argv[1]))
