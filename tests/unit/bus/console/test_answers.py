import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from bus.console.answers import ETags
from tests.unit.bus.console.visitor import Visitor

SAFE = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
    "vary": "authorization",
    "strict-transport-security": "max-age=31536000",
}


@pytest.mark.parametrize(("path", "who"), [("/api/v1/me", "agency"), ("/api/v1/me", None), ("/nowhere", "agency")])
def test_every_answer_has_safe_headers(visitor: Visitor, path: str, who: str | None) -> None:
    """An error, too: no script, no frame, no cache but the asker's own."""
    answer = visitor.get(path, who)
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE


def test_another_host_is_not_answered(visitor: Visitor) -> None:
    """A name that somebody else's page made the browser believe is ours."""
    answer = visitor.get("/api/v1/me", headers={"Host": "rebound.example.com"})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"] == SAFE["content-security-policy"]


TAGS = [
    ("the same", "{tag}", 304),
    ("weak", "W/{tag}", 304),
    ("among others", '"a", {tag}, "b"', 304),
    ("another", '"a"', 200),
    ("a part", "{part}", 200),
    ("nonsense", '"\'"', 200),
]


@pytest.mark.parametrize(("what", "given", "status"), TAGS, ids=[what for what, *_ in TAGS])
def test_who_has_the_answer_already_gets_no_bytes(visitor: Visitor, what: str, given: str, status: int) -> None:
    """The ETag is of the bytes."""
    first = visitor.get("/api/v1/me")
    tag = first.headers["etag"]
    again = visitor.get("/api/v1/me", headers={"If-None-Match": given.format(tag=tag, part=tag[:-3] + '"')})
    assert again.status_code == status
    assert again.headers["etag"] == tag
    assert again.content == (b"" if status == 304 else first.content)


def test_another_asker_has_another_tag(visitor: Visitor) -> None:
    """Because the bytes are others."""
    assert visitor.get("/api/v1/me", "agency").headers["etag"] != visitor.get("/api/v1/me", "H49").headers["etag"]


def test_an_error_has_no_tag(visitor: Visitor) -> None:
    """Nobody keeps it."""
    assert "etag" not in visitor.get("/nowhere").headers


def test_head_is_get_without_the_bytes(visitor: Visitor) -> None:
    """With the same headers."""
    got, headed = visitor.get("/api/v1/me"), visitor.ask("HEAD", "/api/v1/me")
    assert headed.content == b""
    assert headed.status_code == 200
    assert dict(headed.headers) == dict(got.headers)


def test_an_answer_in_parts_is_one() -> None:
    """Its tag is of all of them."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        parts = [b"a", b"b"] if scope["path"] == "/parts" else [b"ab"]
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    def sent(path: str) -> list[Message]:
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        asyncio.run(ETags(app)({"type": "http", "method": "GET", "path": path, "headers": []}, nothing, send))
        return messages

    assert sent("/parts") == sent("/whole")
