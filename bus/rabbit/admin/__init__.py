"""What an operator does at a broker: topology, queues, dead letters, a node's own settings."""
