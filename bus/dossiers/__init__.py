"""What a mailbox remembers of a document, and when to remind of it. Reads and writes through a transaction only."""
