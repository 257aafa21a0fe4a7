"""A message as bytes and as AMQP properties: envelope, segments, message. Does no I/O."""
