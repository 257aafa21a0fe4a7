"""Alembic's way in. It runs in the transaction that bus/store/migrate.py brings, and never opens one of its own.

A new revision is a file vNNNN_<what>.py in versions/, written by hand, and its number in migrate.REVISIONS. A revision
that was released is never changed: stores out there went through it.
"""

from alembic import context

from bus.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,  # true of SQLite once Python's sqlite3 leaves transactions alone (store.py)
)
with context.begin_transaction():
    context.run_migrations()
