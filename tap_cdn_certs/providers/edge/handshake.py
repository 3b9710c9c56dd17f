"""One TLS handshake, in which nothing is verified but all is read: https://www.rfc-editor.org/rfc/rfc8446."""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from certifi import where
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from tap_cdn_certs.providers.edge.trust import reason
from tap_cdn_certs.providers.edge.visit import FailedError, Visit
from tap_cdn_certs.records.values import now

if TYPE_CHECKING:
    from socket import socket

    from OpenSSL.crypto import X509

# Of a handshake: most chains have some 4 KiB.
MOST_BYTES = 2**18
PART = 2**14
# What a record of TLS begins with: an alert, or a part of the handshake (RFC 8446, 5.1).
RECORDS = (b"\x15\x03", b"\x16\x03")
# SSL_OP_LEGACY_SERVER_CONNECT: also a server that lacks RFC 5746 is read, as browsers do.
LEGACY = 0x4


class Handshakes:
    """What all handshakes have in common: what is offered, and whom to trust.

    Args:
        ca_bundle: A file of the authorities to trust, instead of the system's.
    """

    def __init__(self, ca_bundle: str | None) -> None:
        self._context = SSL.Context(SSL.TLS_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        # A server is read also if it is too weak to rely on: what it has is what is to be found out.
        self._context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        self._context.set_options(LEGACY)
        self._context.set_verify(SSL.VERIFY_NONE, _judged)
        self._context.set_ocsp_client_callback(_stapled)
        system = ssl.get_default_verify_paths()
        if ca_bundle:
            self._context.load_verify_locations(ca_bundle)
        elif system.cafile or (system.capath and any(Path(system.capath).glob("*.0"))):
            self._context.load_verify_locations(system.cafile, system.capath)
        else:
            # Where there is no store, those that the requests to providers trust.
            self._context.load_verify_locations(where())

    def __call__(self, host: str, transport: socket, deadline: float, visit: Visit) -> None:
        """Notes what a server shows of itself in a handshake.

        Raises:
            FailedError: It showed no certificate.
        """
        connection = SSL.Connection(self._context, None)
        connection.set_app_data(visit)
        connection.set_tlsext_host_name(host.encode())
        connection.request_ocsp()
        connection.set_connect_state()
        conversation = Conversation(connection, transport, deadline)
        try:
            conversation.hold()
        except FailedError:
            # Who wants a certificate of its visitors, and refuses those without, has shown its own before.
            if not conversation.has_proof:
                visit.trusted = visit.trust_error = visit.ocsp_stapled = None
                raise
        visit.answered_at = now()
        sent = connection.get_peer_cert_chain() or ()
        visit.chain = "".join(
            ssl.DER_cert_to_PEM_cert(dump_certificate(FILETYPE_ASN1, each)) for each in sent
        )
        visit.tls_version = connection.get_protocol_version_name()
        visit.cipher_suite = connection.get_cipher_name()


def _judged(connection: SSL.Connection, certificate: X509, code: int, depth: int, fine: int) -> bool:
    """Notes the verdict on a certificate: from the root down to the leaf, or to the first that is wrong."""
    visit: Visit = connection.get_app_data()
    if not fine:
        visit.trusted, visit.trust_error = False, reason(code, depth, certificate)
    elif depth == 0:
        visit.trusted = True
    return bool(fine)


def _stapled(connection: SSL.Connection, response: bytes, _: object) -> bool:
    """Notes whether there is a response of the authority."""
    visit: Visit = connection.get_app_data()
    visit.ocsp_stapled = bool(response)
    return True


class Conversation:
    """What a connection and a server say to each other until the handshake ends, within its bounds."""

    def __init__(self, connection: SSL.Connection, transport: socket, deadline: float) -> None:
        # Whether the handshake went on after the certificates: the server has shown that it has the key.
        self.has_proof = False
        self._connection = connection
        self._transport = transport
        self._deadline = deadline
        self._received = 0
        self._head = b""

    def hold(self) -> None:
        """Brings the handshake to its end.

        Raises:
            FailedError: It has another one.
        """
        try:
            while not self._is_done():
                self._connection.bio_write(self._next())
        except SSL.Error as error:
            is_large = "excessive message size" in str(error)
            raise FailedError("too_large" if is_large else "handshake_failed") from None
        except TimeoutError:
            raise FailedError("timed_out") from None
        except OSError:
            raise FailedError("closed") from None

    def _is_done(self) -> bool:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            is_done = False
        except SSL.Error:
            # The server is told why.
            with suppress(OSError):
                self._send()
            raise
        else:
            is_done = True
        if self._send():
            self.has_proof = bool(self._connection.get_peer_cert_chain())
        return is_done

    def _send(self) -> bool:
        """Sends what there is to say, if there is anything."""
        try:
            data = self._connection.bio_read(MOST_BYTES)
        except SSL.WantReadError:
            return False
        self._wait()
        self._transport.sendall(data)
        return True

    def _next(self) -> bytes:
        """What the server says next."""
        self._wait()
        data = self._transport.recv(PART)
        if not data:
            raise ConnectionResetError
        self._received += len(data)
        if self._received > MOST_BYTES:
            raise FailedError("too_large")
        self._head = (self._head + data)[: len(RECORDS[0])]
        if not any(record.startswith(self._head) for record in RECORDS):
            raise FailedError("not_tls")
        return data

    def _wait(self) -> None:
        """Lets the next step take no more than what is left of the time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._transport.settimeout(left)
