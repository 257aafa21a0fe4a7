"""`lienthong topology check`: what a running broker lets in, and which door should be closed."""

import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from bus.cli.failures import Exit
from bus.cli.management import management_option, open_management, vhost_option
from bus.cli.output import emit, emit_json, json_option
from bus.cli.tables import console, table
from bus.rabbit.admin.node_check import Check, Verdict, check_node
from bus.rabbit.admin.node_facts import GUEST, fetch_facts
from bus.rabbit.admin.node_settings import PLUGIN
from schemas.codes import Label

COLUMNS = ("Sao\nverdict", "Gì\nwhat", "Thấy\nfound", "Ai làm gì\nwho does what")
_LONGEST = 26
"""Letters of a word that is kept whole in a narrow table."""
SIGNS = {Verdict.OK: "được / ok", Verdict.WRONG: "! sai / wrong", Verdict.UNSEEN: "? không thấy / unseen"}


@click.command("check")
@management_option
@vhost_option
@click.option("--host", help="The name by which its ports are tried.  [default: that of the management URL]")
@json_option
def check_(url: str, vhost: str, host: str | None, as_json: bool) -> None:
    """Ask a running broker what it lets in. Hỏi RabbitMQ đang chạy: cửa nào mở.

    Looks at the node, not at the files made for it: ports in clear, guest, how one logs in, versions of TLS, whether a
    certificate is demanded. Exit code: 0 nothing is wrong, 3 something is.
    """
    with open_management(url) as management:
        place = urlsplit(management.address)
        stranger = place._replace(netloc=f"{GUEST}:{GUEST}@{place.netloc}").geturl()
        with open_management(stranger) as as_guest:
            facts = fetch_facts(management, as_guest, vhost=vhost, host=host or place.hostname or "", plugin=PLUGIN)
    found = check_node(facts)
    if as_json:
        emit_json({"version": facts.version, "checks": [_plain(check) for check in found]})
    else:
        emit(f"RabbitMQ {facts.version}: {', '.join(facts.nodes)}")
        show(found)
    sys.exit(Exit.FOUND if any(each.verdict is Verdict.WRONG for each in found) else Exit.DONE)


def show(found: Sequence[Check]) -> None:
    """No code and no remedy is broken inside a word: they are copied."""
    shown = table(COLUMNS, [(SIGNS[each.verdict], each.code, _both(each.found), _both(each.remedy)) for each in found])
    for number, lines in ((1, [each.code for each in found]), (3, [line for each in found for line in each.remedy])):
        longest = max((len(word) for line in lines for word in line.split()), default=0)
        shown.columns[number].min_width = min(_LONGEST, longest)
    console().print(shown)


def _both(label: Label) -> list[str]:
    return list(dict.fromkeys(label))


def _plain(check: Check) -> dict[str, object]:
    found, remedy = check.found._asdict(), check.remedy._asdict()
    return {"code": check.code, "verdict": check.verdict, "found": found, "remedy": remedy}
