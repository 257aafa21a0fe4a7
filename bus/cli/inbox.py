"""`lienthong inbox`: what a mailbox received."""

from bus.cli.boxes import group
from bus.records import Box

command = group(Box.IN, "What a mailbox received: list, show, retry, release.")
