"""A mailbox's durable memory: outbox, inbox, dossiers and their history, in one SQL database. Nothing outside this room
knows SQL or how a value lies in a row; nothing inside decides what a message's state should be."""
