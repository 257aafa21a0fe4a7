"""bus/rabbit/streams/directory_reader.py, where nobody answers. A real stream is tests/integration/test_nodes.py's."""

from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.directory_reader import DirectoryReader
from tests.unit.bus.rabbit.nobody import closed_ports


def test_without_a_broker_there_is_no_edition_and_no_change() -> None:
    """Each call ends in its time; a new connection for the changes is made after a silence, without harm."""
    with closed_ports() as (port,), IoThread() as io:
        settings = LinkSettings(mailbox="H49", url=f"amqp://H49:p@127.0.0.1:{port}")
        reader = DirectoryReader(settings, io=io, renew=0.0)
        assert [reader.changes(wait=0.01) for _ in range(3)] == [[], [], []]
        assert reader.whole(wait=0.01) is None
        reader.close()
