"""The settings of a RabbitMQ node that admits certificates only, as texts: rabbitmq.conf, advanced.config, and the
folder of revocation lists. The caller writes the files; permissions of users are bus/topology/wanted.py's."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography import x509
from cryptography.x509.name import _ASN1Type

from bus.topology.names import Login
from bus.trust.certificates import RevocationList
from bus.wire.message import MAX_BODY
from schemas.codes import Label

PLUGIN: Final = "rabbitmq_auth_mechanism_ssl"
TLS_PORT: Final = 5671
MANAGEMENT_PORT: Final = 15672
CLUSTER: Final[Mapping[str, str]] = {"net_ticktime": "15"}
"""Seconds in which nodes notice that one of them is silent, give or take a quarter; RabbitMQ's default is 60. Until
then no stream whose leader is there confirms anything, and every node takes ten seconds to admit a user with limits."""
_SPACES: Final = re.compile(r"[ \t\n\v\f\r]+")


LOGINS: Final[Mapping[Login, Mapping[str, str]]] = {
    Login.URN: {
        "ssl_cert_login_from": "subject_alternative_name",
        "ssl_cert_login_san_type": "uri",
        "ssl_cert_login_san_index": "0",
    },
    Login.NAME: {"ssl_cert_login_from": "common_name"},
}


def rabbitmq_conf(*, listener: str, plain: str | None = None, login: Login = Login.URN) -> dict[str, str]:
    """Lines of rabbitmq.conf. `listener`: `[address:]port` of AMQP over TLS; `plain`, for trials only: that of AMQP
    without TLS, where users log in by password."""
    lines = {
        "listeners.ssl.1": listener,
        **LOGINS[login],
        "max_message_size": str(MAX_BODY),
        **CLUSTER,
    }
    if plain is None:
        return {"listeners.tcp": "none", "auth_mechanisms.1": "EXTERNAL", **lines}
    return {
        "listeners.tcp.1": plain,
        "auth_mechanisms.1": "EXTERNAL",
        "auth_mechanisms.2": "PLAIN",
        "auth_mechanisms.3": "AMQPLAIN",
        **lines,
    }


def closed_conf(*, folder: str, https_port: int | None = None) -> dict[str, str]:
    """Lines of rabbitmq.conf that close a node's other doors: its management to the machine itself, where passwords go
    in clear, and over TLS to all where a port is given. A node whose management plugin is off does not start with them.
    `folder`: where it finds the files of TLS."""
    lines = {
        "loopback_users.guest": "true",  # as by default, whatever another file says; `topology check` asks for more
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": str(MANAGEMENT_PORT),
    }
    if https_port is None:
        return lines
    return {
        **lines,
        "management.ssl.port": str(https_port),
        "management.ssl.cacertfile": f"{folder}/ca.pem",
        "management.ssl.certfile": f"{folder}/cert.pem",
        "management.ssl.keyfile": f"{folder}/key.pem",
        "management.ssl.versions.1": "tlsv1.3",
    }


def environment_conf() -> str:
    """rabbitmq-env.conf of a node that has no cluster: Erlang's own ports, which a cookie opens, to the machine
    itself."""
    return (
        "# Một máy, không có cụm. Cụm: bỏ tệp này, tường lửa chỉ mở 4369 và 25672 giữa các nút.\n"
        "# One machine, no cluster. A cluster goes without this file: a firewall opens 4369 and 25672 between nodes.\n"
        "export ERL_EPMD_ADDRESS=127.0.0.1\n"
        'SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"\n'
    )


def advanced_config(*, cafile: str, certfile: str, keyfile: str, crl_folder: str) -> str:
    """advanced.config: TLS 1.3 only, and every client shows a certificate that its issuer has not revoked.

    The lists are read at each handshake: a new file counts at once. All options of TLS are here, since these replace
    those of rabbitmq.conf.
    """
    options = ", ".join(
        (
            f'{{cacertfile, "{cafile}"}}',
            f'{{certfile, "{certfile}"}}',
            f'{{keyfile, "{keyfile}"}}',
            "{versions, ['tlsv1.3']}",
            "{verify, verify_peer}",
            "{fail_if_no_peer_cert, true}",
            "{depth, 3}",
            "{crl_check, peer}",
            f'{{crl_cache, {{ssl_crl_hash_dir, {{internal, [{{dir, "{crl_folder}"}}]}}}}}}',
        )
    )
    return f"[{{rabbit, [{{ssl_options, [{options}]}}]}}].\n"


def crl_files(lists: Iterable[RevocationList]) -> Mapping[str, bytes]:
    """Names and contents of the files in the folder, named by issuer as OpenSSL's `rehash` does: `.r0`."""
    return {f"{openssl_name_hash(each.parsed.issuer):08x}.r0": each.to_pem() for each in lists}


def crl_problem(name: x509.Name) -> Label | None:
    """Why a node finds no revocation list for an issuer of this name, and refuses every certificate of it; None where
    it finds one. Tried on Erlang 25 (RabbitMQ 3.10.8) and 29 (4.3.6)."""
    text = name.rfc4514_string()
    if any(len(part) > 1 for part in name.rdns) or any(each._type is _ASN1Type.BMPString for each in name):
        return Label(
            f"{text}: tên có phần ghép hoặc kiểu BMPString, RabbitMQ không tra được danh sách thu hồi: "
            "không ai vào được. Cơ quan cấp chứng thư đổi tên",
            f"{text}: a name of joint parts, or in BMPString, by which RabbitMQ finds no revocation list: nobody would "
            "get in. The authority takes another name",
        )
    if not all(str(each.value).isascii() for each in name):
        return Label(
            f"{text}: tên có dấu, RabbitMQ trên Erlang mới (4.3, Erlang 29) không tra được danh sách thu hồi: "
            "không ai vào được. Cơ quan cấp chứng thư dùng tên không dấu; RabbitMQ 3.10 trên Erlang 25 thì được",
            f"{text}: letters with marks, by which RabbitMQ on a new Erlang (4.3 on Erlang 29) finds no revocation "
            "list: nobody would get in. The authority takes a name without; RabbitMQ 3.10 on Erlang 25 can",
        )
    return None


def openssl_name_hash(name: x509.Name) -> int:
    """X509_NAME_hash of OpenSSL: SHA-1 over the name in its canonical form (UTF-8, lower case, single spaces)."""
    canonical = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(each.oid, _plain(str(each.value)), _ASN1Type.UTF8String, _validate=False)
                    for each in part
                ]
            )
            for part in name.rdns
        ]
    ).public_bytes()
    header = 2 if canonical[1] < 0x80 else 2 + (canonical[1] & 0x7F)
    return int.from_bytes(hashlib.sha1(canonical[header:]).digest()[:4], "little")  # noqa: S324 — a file's name


def _plain(text: str) -> str:
    """As OpenSSL does, which leaves letters and spaces outside ASCII as they are."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in _SPACES.sub(" ", text).strip(" "))
