"""The user name that a broker knows a connection by. AMQP does not tell it; what we publish must name it (`user_id`).

With a password it is the URL's. With a certificate it is what the broker reads there: the URN among the alternative
names, or the common name at a broker that was set up so. The refusal of a wrong name tells the right one.
"""

import re
from typing import Final

from bus.rabbit.address import Address
from bus.rabbit.pika_errors import reason_of
from bus.topology.names import users_of

NOBODY: Final = "login"
"""A routing key that leads nowhere: of the message by which we ask. An empty one, and no queue is named so."""
_REFUSED: Final = re.compile(r"user_id property set to '[^']*' but authenticated user was '([^']*)'")


class OwnUser:
    """One for all connections of a mailbox. Changed on the I/O thread; any thread may read it."""

    def __init__(self, *names: str) -> None:
        """All names that we could have, the likeliest first."""
        self.name = names[0]
        self.is_known = len(names) == 1
        self._names = names

    def confirm(self) -> None:
        """The broker took what we published."""
        self.is_known = True

    def learn(self, error: BaseException) -> bool:
        """Whether a refusal tells another name of ours; it is used from now on."""
        found = _REFUSED.search(reason_of(error))
        if found is None or found[1] == self.name or found[1] not in self._names:
            return False
        self.name, self.is_known = found[1], True
        return True


def own_user_of(address: Address) -> OwnUser:
    return OwnUser(address.user) if address.password is not None else OwnUser(*users_of(address.user))
