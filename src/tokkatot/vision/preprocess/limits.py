"""How large a file may be that is looked at: known to whoever takes files in, at no cost."""

from typing import Final

MAX_BYTES: Final = 12 * 1024 * 1024
