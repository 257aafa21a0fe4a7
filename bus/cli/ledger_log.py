"""`lienthong ledger log`: who asked for what of whom, and whether that log is whole."""

import re
from pathlib import Path

import click

from bus.cli.output import emit, emit_fields, emit_json, json_option
from bus.cli.tables import show_table
from bus.ledger.access import AccessNumber, Head, Logged, page, verify
