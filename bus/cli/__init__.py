"""The command `lienthong`: each subcommand is a file here, imported only when it is called."""
