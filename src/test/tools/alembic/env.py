import os

from alembic import context
from models import Base
from sqlalchemy import create_engine


def include_name(name, type_, parent_names):
    return type_ != "schema" or name != "lapse"


engine = create_engine(os.environ["DATABASE_URL"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_schemas=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()
