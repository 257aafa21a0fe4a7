"""Alembic's way in, as bus/store/migrations/env.py. A new revision is a file vNNNN_<what>.py in versions/, written by
hand, and its name in bus/ledger/migrate.py. A revision that was released is never changed."""

from alembic import context

from bus.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,  # true of SQLite once Python's sqlite3 leaves transactions alone (bus/store/sql/sqlite.py)
)
with context.begin_transaction():
    context.run_migrations()
