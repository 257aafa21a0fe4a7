"""The handbook's page of codes: every code with what it means, who acts and what to do, generated from bus/errors and
the rules of packages.

    python -m deploy.codes      writes deploy/handbook/codes.md
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bus.cli.explain import every
from bus.errors import WHO_VI, Who, Words
from bus.errors.explained import PACKAGE, Explained, Of

PAGE: Final = Path(__file__).with_name("handbook") / "codes.md"

_HEAD: Final = """\
# Mã lỗi · Codes

Mã đứng trong ngoặc vuông ở cuối mỗi lời báo: trong tệp `.reason`, khi chạy lệnh, trong nhật ký, sự kiện, `/healthz`, và
trong biên nhận gửi về. `lienthong explain MÃ` in cùng lời. *A code stands in brackets at the end of each error: in a
`.reason`, of a command, in the log, in events, at `/healthz`, and in the receipt that goes back. `lienthong explain
CODE` prints the same words.* Nhóm theo người phải xử lý · *grouped by who must act*. Lần theo điều nhìn thấy · *by what
you see*: [trouble.md](trouble.md).

Trang này được sinh ra · *this page is generated*: `python -m deploy.codes`.
"""

_ROLES: Final = {
    Who.SENDER: Words("văn thư và người vận hành nơi gửi", "the clerk, and the operator, of the sender"),
    Who.RECIPIENT: Words("người vận hành nơi nhận", "the operator of the recipient"),
    Who.OPERATOR: Words("người vận hành dịch vụ kết nối, hoặc RabbitMQ", "who runs the adapter, or the broker"),
    Who.AUTHORITY: Words("trung tâm: cơ quan quản lý danh mục", "the centre: the authority of the directory"),
}


_PACKAGES: Final = f"""\
<a id="packages"></a>
## Gói tin bị từ chối · A package that is refused

Lý do bên trong lỗi `{PACKAGE}`, nơi gửi xử lý; `…` là chỗ nêu điều tìm thấy trong gói. *The reason within the error
`{PACKAGE}`; the sender acts. `…` stands for what was found.* `lienthong edxml check TỆP` nói trước khi gửi · *says it
before sending*.
"""


_QUEUES: Final = """\
<a id="queues"></a>
## Hàng đợi và nút RabbitMQ · Queues, and RabbitMQ's nodes

Cột lỗi của `lienthong queues`; trung tâm xử lý, hoặc báo hộp thư đó. *The faults that `lienthong queues` shows; the
centre acts, or tells the mailbox.*
"""


def page() -> str:
    found = every()
    parts = [_HEAD]
    for who in Who:
        role = _ROLES[who]
        title = f"## {_capital(WHO_VI[who])} xử lý · {_capital(who)} acts"
        rows = [each for each in found if each.who is who and each.of is Of.ERROR]
        parts.append(f'<a id="{who}"></a>\n{title}\n\n{_capital(role.vi)} · *{role}*.\n\n{_table(rows)}')
    for head, of in ((_PACKAGES, Of.PACKAGE), (_QUEUES, Of.QUEUE)):
        parts.append(f"{head}\n{_table([each for each in found if each.of is of])}")
    return "\n".join(parts)


def _table(rows: Iterable[Explained]) -> str:
    head = "| Mã · Code | Nghĩa là · It means | Làm · Do |\n|---|---|---|\n"
    return head + "".join(f"| `{each.code}` | {_cell(each.means)} | {_cell(each.do)} |\n" for each in rows)


def _cell(words: Words) -> str:
    return f"{words.vi} · *{words}*".replace("|", "\\|").replace("<", "&lt;")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
