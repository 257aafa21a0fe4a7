"""A mailbox's link to the broker: consuming its inbox and publishing to its exchange, over a connection each."""
