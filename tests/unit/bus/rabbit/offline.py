"""A broker without a network: pika's own channels, on a connection whose bytes go to a script that answers each method.

Nothing runs by itself. Time passes when a test says so; the broker answers at `settle`, which `OfflineIo.call` does.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pika
from pika import BasicProperties, frame, spec
from pika.channel import Channel

from bus.rabbit.connection import Connection
from bus.rabbit.session import Role, SessionState


@dataclass
class Timer:
    at: float
    call: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """The part of an event loop that the room needs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[..., object], *args: object) -> Timer:
        self.timers.append(Timer(self.now + seconds, lambda: call(*args)))
        return self.timers[-1]

    def call_soon(self, call: Callable[..., object], *args: object) -> Timer:
        return self.call_later(0.0, call, *args)

    def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((t for t in self.timers if t.at <= end and not t.cancelled), key=lambda t: t.at):
            self.timers.remove(due[0])
            self.now = due[0].at
            due[0].call()
        self.now = end


class OfflineConnection(Connection):
    """Open, and nothing behind it: what is written is kept, in the pieces in which it was."""

    _channels: dict[int, Any]
    _heartbeat_checker: object

    def __init__(self, clock: Clock, *, version: str = "4.3.6") -> None:
        super().__init__(
            pika.ConnectionParameters(),
            lambda *_: None,
            custom_ioloop=clock,  # type: ignore[arg-type] # what it needs of a loop
            internal_connection_workflow=False,
        )
        self.connection_state = self.CONNECTION_OPEN
        self.server_properties = {"version": version.encode()}
        self.server_capabilities = {"basic.nack": True, "publisher_confirms": True}
        self._heartbeat_checker = SimpleNamespace(received=lambda: None)
        self._body_max_length = 131_064
        self.written: list[bytes] = []

    def _adapter_emit_data(self, data: bytes) -> None:
        self.written.append(data)


@dataclass(frozen=True)
class Published:
    channel: int
    exchange: str
    key: str
    properties: BasicProperties
    body: bytes


Answer = Callable[[int, Any], Sequence[Any]]
"""What the broker says to a method on a channel; to a publish, by its number there."""


class OfflineBroker:
    """Answers each method with what RabbitMQ would, or what `answers` has instead; keeps what it was told."""

    def __init__(self, *, version: str = "4.3.6") -> None:
        self.clock = Clock()
        self.connection = OfflineConnection(self.clock, version=version)
        self.told: list[tuple[int, Any]] = []
        self.published: list[Published] = []
        self.answers: dict[type, Answer] = {spec.Basic.Publish: lambda _, tag: [spec.Basic.Ack(tag)]}
        self._unread = b""
        self._under_way: tuple[int, Any, Any, bytes] | None = None
        self._tags: dict[int, int] = {}
        self._delivered: dict[int, int] = {}
        self._consumers: dict[int, str] = {}
        self.to_say: deque[tuple[int, Any]] = deque()

    def channel(self) -> Channel:
        opened: list[Channel] = []
        self.connection.channel(on_open_callback=opened.append)
        self.settle()
        return opened[0]

    def said(self, method: type) -> list[Any]:
        """What was asked by this method, in order."""
        self._hear()
        return [each for _, each in self.told if isinstance(each, method)]

    def settle(self) -> None:
        """Until nobody has anything more to say."""
        self._hear()
        while self.to_say:
            self.say(*self.to_say.popleft())
            self._hear()

    def say(self, channel: int, method: Any) -> None:
        self.connection._on_data_available(frame.Method(channel, method).marshal())

    def deliver(self, body: bytes, *, channel: int = 1, **properties: Any) -> None:
        """To the consumer of this channel."""
        tag = self._delivered[channel] = self._delivered.get(channel, 0) + 1
        self.say(channel, spec.Basic.Deliver(self._consumers.get(channel, "?"), tag, False, "exchange", "key"))
        self.content(channel, body, BasicProperties(**properties))

    def content(self, channel: int, body: bytes, properties: BasicProperties) -> None:
        parts: list[frame.Frame] = [frame.Header(channel, len(body), properties)]
        parts += [frame.Body(channel, body)] if body else []
        self.connection._on_data_available(b"".join(part.marshal() for part in parts))

    def _hear(self) -> None:
        self._unread += b"".join(self.connection.written)
        self.connection.written.clear()
        while self._unread:
            size, heard = frame.decode_frame(self._unread)
            if heard is None:
                return
            self._unread = self._unread[size:]
            self._on_frame(heard)

    def _on_frame(self, heard: Any) -> None:
        number = heard.channel_number
        match heard:
            case frame.Method(method=spec.Basic.Publish() as method):
                self._under_way = (number, method, None, b"")
            case frame.Header():
                assert self._under_way is not None
                self._under_way = (number, self._under_way[1], heard, b"")
                self._whole()
            case frame.Body():
                assert self._under_way is not None
                self._under_way = (*self._under_way[:3], self._under_way[3] + heard.fragment)
                self._whole()
            case frame.Method():
                self.told.append((number, heard.method))
                self.to_say += [(number, each) for each in self._answer(number, heard.method)]
            case _:
                raise AssertionError(heard)

    def _whole(self) -> None:
        assert self._under_way is not None
        number, method, header, body = self._under_way
        if len(body) < header.body_size:
            return
        self._under_way = None
        self._tags[number] = self._tags.get(number, 0) + 1
        self.told.append((number, method))
        self.published.append(Published(number, method.exchange, method.routing_key, header.properties, body))
        answers = self.answers[spec.Basic.Publish](number, self._tags[number])
        self.to_say += [(number, each) for each in answers]

    def _answer(self, number: int, method: Any) -> Sequence[Any]:
        if type(method) in self.answers:
            return self.answers[type(method)](number, method)
        match method:
            case spec.Channel.Open():
                return [spec.Channel.OpenOk()]
            case spec.Channel.Close():
                return [spec.Channel.CloseOk()]
            case spec.Basic.Qos():
                return [spec.Basic.QosOk()]
            case spec.Basic.Consume():
                self._consumers[number] = method.consumer_tag
                return [spec.Basic.ConsumeOk(method.consumer_tag)]
            case spec.Basic.Get():
                return [spec.Basic.GetEmpty()]
            case spec.Confirm.Select():
                return [spec.Confirm.SelectOk()]
            case spec.Queue.Declare() if not method.nowait:
                return [spec.Queue.DeclareOk(method.queue, 0, 1)]
            case _:
                return []


class OfflineIo:
    """The part of an `IoThread` that the room needs: what is called runs at once, and the broker answers."""

    def __init__(self, broker: OfflineBroker) -> None:
        self.loop: asyncio.AbstractEventLoop = broker.clock  # type: ignore[assignment]
        self.is_ended = False
        self.after_call: Callable[[], object] = lambda: None
        self._broker = broker

    def call(self, function: Callable[..., object], *args: object, **kwargs: object) -> bool:
        if self.is_ended:
            return False
        function(*args, **kwargs)
        self._broker.settle()
        self.after_call()
        return True

    def wait(self, done: threading.Event) -> bool:
        return done.wait(10)


@dataclass
class OfflineSession:
    """What a role tells its session. As with the real one, a role that gives up loses its channel."""

    role: Role
    state: SessionState = field(default_factory=lambda: SessionState(since=datetime.now(UTC)))
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.role.session = self  # type: ignore[assignment] # what a role needs of it

    def mark_ready(self, *, proven: bool = True) -> None:
        self.calls.append("ready" if proven else "ready, not proven")
        self.state = replace(self.state, ready=True, connected=True)

    def mark_proven(self) -> None:
        self.calls.append("proven")
        self.state = replace(self.state, last_error=None)

    def give_up(self, why: str, *, refused: bool = False) -> None:
        self.calls.append(f"given up: {why}")
        self.state = replace(self.state, ready=False, last_error=why)
        self.role.lost()

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")
