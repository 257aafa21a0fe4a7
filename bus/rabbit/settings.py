"""The settings of a RabbitMQ node that lets in certificates only: rabbitmq.conf, advanced.config, and the folder of
revocation lists, as texts. Where they lie is the caller's; what a user may do is bus/topology.py's."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography import x509
from cryptography.x509.name import _ASN1Type

from bus.certificates import RevocationList
from bus.message import MAX_BODY
from schemas.codes import Label

PLUGIN: Final = "rabbitmq_auth_mechanism_ssl"
TLS_PORT: Final = 5671
CLUSTER: Final[Mapping[str, str]] = {"net_ticktime": "15"}
"""Seconds in which nodes notice that one of them is silent, give or take a quarter; RabbitMQ's own is 60. Before, no
stream that was led there confirms anything, and every node takes ten seconds to let in a user with limits."""
_SPACES: Final = re.compile(r"[ \t\n\v\f\r]+")


def settings(*, listener: str, plain: str | None = None) -> dict[str, str]:
    """Lines of rabbitmq.conf. `listener` is `[address:]port` of AMQP over TLS; `plain`, for trials only, that of AMQP
    without it, where passwords count too."""
    lines = {
        "listeners.ssl.1": listener,
        "ssl_cert_login_from": "common_name",
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


def advanced(*, cafile: str, certfile: str, keyfile: str, crl_folder: str) -> str:
    """advanced.config: TLS 1.3 only, a certificate from everybody, and none that its issuer has revoked.

    The lists are read at each handshake: a new file counts at once. All options of TLS stand here, for those of
    rabbitmq.conf would not be added to these but replaced by them.
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
    """File names and contents of the folder, as OpenSSL's `rehash` would name them: by issuer, `.r0`."""
    return {f"{name_hash(each.parsed.issuer):08x}.r0": each.to_pem() for each in lists}


def unreadable(name: x509.Name) -> Label | None:
    """Why a node cannot look up the list of an issuer of this name, so that it would refuse everybody whom that issuer
    vouches for; None where it can. Tried on Erlang 25 (RabbitMQ 3.10.8) and 29 (4.3.6)."""
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


def name_hash(name: x509.Name) -> int:
    """OpenSSL's X509_NAME_hash: SHA-1 over the name in its canonical form (UTF-8, lower case, single spaces)."""
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
    """Letters and spaces outside ASCII stay as they are, as OpenSSL leaves them."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in _SPACES.sub(" ", text).strip(" "))
