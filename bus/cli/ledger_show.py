"""`lienthong ledger show`: the whole way of one document, with every receipt proved on the spot, what is missing at
each recipient and whose turn it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from sqlalchemy import Connection

from bus.cli.ledger_options import (
    config_option,
    number_of,
    plain_delivery,
    plain_document,
    plain_obligation,
    span,
    standing_words,
)
from bus.cli.output import Trouble, emit, emit_fields, emit_json, json_option, text
from bus.errors import AmbiguousId, NoSuchMessage, said
from bus.handling.clocks import Clock, by_code
from bus.ledger.proof import SAID, SOUND, Proof, prove
from bus.ledger.queries.documents import Sought, by_number, find
from bus.ledger.queries.lifelines import History, event_of_number, lifeline
from bus.ledger.queries.wanted import standing_of
from bus.ledger.records import DeliveryRow, DocumentNumber, DocumentRow, ObligationRow
from bus.ledger.turns import NEXT, Missing, Turn, turn_of
from bus.wiring.ledger import clocks_of
