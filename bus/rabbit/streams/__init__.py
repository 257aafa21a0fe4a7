"""RabbitMQ streams: the audit of all messages, segments of large attachments (blobs), the signed directory."""
