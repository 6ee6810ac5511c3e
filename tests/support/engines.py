"""One memory of what SQL was compiled to, for all the engines of a test run.

Each test has a database and an engine of its own, and each engine would compile every statement
anew: a fifth of what tests of the cloud take.
"""

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import CompiledCacheType, Dialect

_memory: CompiledCacheType = {}
_dialects: dict[str, Dialect] = {}


def remember_statements(engine: Engine) -> None:
    """Let an engine find what the ones before it have compiled."""
    # What was compiled belongs to the dialect that has compiled it.
    dialect = _dialects.setdefault(engine.driver, engine.dialect)
    engine.dialect = engine.pool._dialect = dialect
    engine._compiled_cache = _memory
