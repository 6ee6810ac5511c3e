"""How Alembic reaches the database: over the connection that `migrate` hands in."""

from alembic import context
from sqlalchemy import Connection

from tokkatot.cloud.platform.base import Base


def run() -> None:
    """Run the steps in one transaction: a step that fails leaves the schema as it was."""
    connection = context.config.attributes["connection"]
    assert isinstance(connection, Connection), "run through cloud.platform.migrate"
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


run()
