"""What people may ask of a mailbox, or do to its messages. Every door (command, page) calls these."""
