"""The directory: agencies and mailboxes, the sources they are read from, the facts that are signed, editions, and one
mailbox as a member. Does no I/O."""
