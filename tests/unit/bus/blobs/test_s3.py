"""What an S3-compatible store says, as people read it. What it does is tested on a real one: tests/integration."""

import pytest

from bus.blobs.s3 import S3Blobs, S3Settings, _words
from bus.errors import BlobsAway
from schemas.values import MailboxCode

GENERIC = "Generic S3 error: Error performing PUT http://s3:9000/blobs/H49/1?x=y in 3ms"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Generic S3 error:\n  refused", "Generic S3 error: refused"),
        (f"{GENERIC} - HTTP error\n\nDebug source:\nGeneric {{ … }}", f"{GENERIC[:-11]} in 3ms - HTTP error"),
        (
            f"{GENERIC} - 404: <?xml version='1.0'?><Error><Code>NoSuchBucket</Code></Error>",
            "in 3ms - 404: NoSuchBucket",
        ),
        ("x" * 500, "x" * 300),
    ],
)
def test_an_error_is_a_line(said: str, words: str) -> None:
    """Without what was asked in every detail, and with the server's own word for it."""
    assert _words(RuntimeError(said)).endswith(words)
    assert "\n" not in _words(RuntimeError(said))


def test_nobody_there_is_said_and_no_secret_with_it() -> None:
    """Where it was looked for, and why not; the settings themselves do not show what they hold."""
    settings = S3Settings(
        mailbox=MailboxCode("H49"),
        bucket="blobs",
        endpoint="http://127.0.0.1:9",
        plain=True,
        access_key_id="us",
        secret_access_key="s3cret",
        session_token="t0ken",
    )
    blobs = S3Blobs(settings)
    with pytest.raises(BlobsAway, match=r"\(s3\).*http://127.0.0.1:9 blobs: ") as caught:
        blobs.begin()
    blobs.close()
    assert not any(secret in f"{caught.value} {settings!r}" for secret in ("s3cret", "t0ken"))
