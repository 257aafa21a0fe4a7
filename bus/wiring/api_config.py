"""The section [api] of a ledger's TOML: where the API listens, and whom it answers."""

from datetime import date
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, StringConstraints, model_validator

from bus.console.callers import Caller, Callers, Credential
from bus.console.roles import Role
from bus.console.tls import Tls
from bus.errors import said
from bus.wiring.config import Listening, Section
from schemas.values import AgencyCode, Digest

_OF_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "[::1]")

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 — what a file may say
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-]+$|^\[[0-9a-fA-F:]+\]$")]


def _plain_hex(text: object) -> object:
    """OpenSSL shows fingerprints as `AB:CD:…`."""
    return text.replace(":", "").lower() if isinstance(text, str) else text


class CallerConfig(Section):
    """Somebody who may ask, with a key or a certificate."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    """As the log of access tells it."""
    role: Role
    agencies: tuple[AgencyCode, ...] = ()
    """Of the role agency: the codes whose documents it sees, former ones too."""
    sha256: Annotated[Digest, BeforeValidator(_plain_hex)]
    """Of the key, as `lienthong console new-key` prints it; or the fingerprint of the certificate."""
    ends_on: date | None = None
    """The last day on which it is answered."""

    @model_validator(mode="after")
    def _an_agency_has_codes(self) -> Self:
        if (self.role is Role.AGENCY) != bool(self.agencies):
            raise ValueError(
                said(
                    'agencies đi với `role = "agency"`: mã của những cơ quan được xem',
                    'agencies goes with role = "agency": the codes whose documents it sees',
                )
            )
        return self

    def credential(self) -> Credential:
        caller = Caller(name=self.name, role=self.role, agencies=frozenset(self.agencies), ends_on=self.ends_on)
        return Credential(sha256=self.sha256, caller=caller)


class ApiConfig(Listening):
    """The API of the ledger, served by `lienthong console run`."""

    hosts: tuple[HostName, ...] = ()
    """The names by which it is asked, beside the one of `listen` and this machine's own localhost; another name in the
    header Host is refused."""
    certfile: str | None = None
    """PEM file of the server's certificate, with its chain. Needed where others than this machine can reach it."""
    keyfile: str | None = None
    """Its private key, where that is not in `certfile`."""
    client_cafile: str | None = None
    """PEM file of the authorities that vouch for the certificates of [[api.certificate]]."""
    plain: bool = False
    """True: no encryption although others can reach it, because a proxy before it encrypts. Keys go in clear behind."""
    key: tuple[CallerConfig, ...] = ()
    certificate: tuple[CallerConfig, ...] = ()

    @model_validator(mode="after")
    def _open_to_all(self) -> Self:
        if not self.certfile and not self.is_local and not self.plain:
            raise ValueError(
                said(
                    "thiếu certfile: khóa sẽ đi không mã hóa; hoặc nghe ở 127.0.0.1, hoặc ghi plain = true khi có "
                    "máy chủ trung gian mã hóa",
                    "certfile is missing: keys would go in clear; or listen at 127.0.0.1, or say plain = true where a "
                    "proxy encrypts",
                )
            )
        return self

    @model_validator(mode="after")
    def _asked_by_a_name(self) -> Self:
        if self.address[0] in _EVERYWHERE and not self.hosts:
            raise ValueError(
                said(
                    "thiếu hosts: tên mà máy khác dùng để hỏi", "hosts is missing: the name by which others ask for it"
                )
            )
        return self

    @model_validator(mode="after")
    def _files_that_would_not_be_read(self) -> Self:
        if not self.certfile and (self.keyfile or self.client_cafile):
            raise ValueError(
                said("keyfile và client_cafile đi với certfile", "keyfile and client_cafile go with certfile")
            )
        if self.certificate and not self.client_cafile:
            raise ValueError(said("[[api.certificate]] cần client_cafile", "[[api.certificate]] needs client_cafile"))
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for callers in (self.key, self.certificate):
            hashes = [each.sha256 for each in callers]
            if twice := next((each for each in callers if hashes.count(each.sha256) > 1), None):
                raise ValueError(
                    said("sha256 của “{name}” ghi hai lần", "the sha256 of “{name}” is there twice", name=twice.name)
                )
        return self

    @property
    def host_names(self) -> list[str]:
        """As the header Host has them, without ports."""
        own, _, _ = self.listen.rpartition(":")
        return sorted({*self.hosts, own, *_OF_THIS_MACHINE})

    @property
    def tls(self) -> Tls | None:
        if self.certfile is None:
            return None
        return Tls(certfile=self.certfile, keyfile=self.keyfile, client_cafile=self.client_cafile)

    def callers(self) -> Callers:
        return Callers(
            keys=[each.credential() for each in self.key],
            certificates=[each.credential() for each in self.certificate],
        )
