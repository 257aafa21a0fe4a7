"""What the ledger can be asked: a function a question, over a connection that reads. Nothing here writes."""
