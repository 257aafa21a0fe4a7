"""What a version of RabbitMQ does less well, or differently: said wherever its topology is."""

from bus.topology.versions import OLDEST, STRICT, Version
from schemas.codes import Label

_NOTES: tuple[tuple[Version, Version, Label], ...] = (
    (
        OLDEST,
        (3, 13),
        Label(
            "RabbitMQ trước 3.13 không lọc được luồng: ai lấy một tệp lớn phải đọc qua mọi tệp lớn nơi gửi gửi sau đó.",
            "RabbitMQ before 3.13 cannot filter streams: who fetches a large attachment reads all that its sender sent "
            "after it.",
        ),
    ),
    (
        OLDEST,
        STRICT,
        Label(
            "RabbitMQ trước 4.3 không xếp hàng theo độ khẩn: bản sao của văn bản khẩn đi làn riêng urgent.<hộp thư>.",
            "RabbitMQ before 4.3 does not put the urgent first: copies of it go by lanes of their own, "
            "urgent.<mailbox>.",
        ),
    ),
    (
        OLDEST,
        (4, 3),
        Label(
            "RabbitMQ trước 4.3 tính mỗi lần trả lại, kể cả mất kết nối, vào giới hạn giao.",
            "RabbitMQ before 4.3 counts every return, lost connections too, towards the delivery limit.",
        ),
    ),
)
"""Notes for brokers from the first version on, and before the second."""


def notes_on(version: Version) -> tuple[Label, ...]:
    return tuple(label for since, before, label in _NOTES if since <= version < before)
