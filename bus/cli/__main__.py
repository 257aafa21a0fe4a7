"""`python -m bus.cli` is `lienthong`."""

from bus.cli.main import main

main()
