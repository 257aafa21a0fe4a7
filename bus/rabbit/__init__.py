"""The broker's side of the world: the link of a mailbox over AMQP 0.9.1, and RabbitMQ's management interface.

Nothing else of the bus imports pika. An adapter's link declares nothing; only the management side changes a broker.
"""
