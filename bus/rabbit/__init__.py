"""The only room that speaks AMQP 0.9.1 or RabbitMQ's management API; see README.md beside this file.

Nothing outside imports pika. A mailbox's link declares nothing; only `admin/` changes what a broker holds.
"""
