"""The tables of the journal's file."""

APPLICATION_ID = 0x546B4A31
"""Marks the file as a journal ("TkJ1"), so that no other SQLite file is taken for one."""

VERSION = 1

# Small pages spare the card: a group of readings every 4 seconds rewrites the last page or two.
# Measured at 4 readings a second, in MB a day into the files (and in the kernel's pages of 4 KiB):
# 62 (132) with pages of 1 KiB, 80 (144) with 2 KiB, 121 (184) with the usual 4 KiB.
# Locked for one process, the log needs no file of shared memory: on a full disk there would be no
# room for one, and without one nothing could even be read.
PRAGMAS = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA page_size = 1024;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -1024;
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 2000;
PRAGMA journal_size_limit = 4194304;
"""

# Rows have a local number that only rises; the number on the wire is local - base, where base is
# the local number of the last row before the epoch. A new epoch so renumbers a backlog of any
# length by writing one row. `unsent_from` is NULL once rows may have left the hub.
TABLES = """
CREATE TABLE streams (
  name TEXT PRIMARY KEY,
  epoch TEXT NOT NULL,
  base INTEGER NOT NULL,
  next INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  unsent_from INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  n INTEGER PRIMARY KEY,
  tail BLOB NOT NULL
) STRICT;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  quantity TEXT NOT NULL,
  UNIQUE (device, quantity)
) STRICT;

CREATE TABLE readings (
  n INTEGER PRIMARY KEY,
  series INTEGER,
  t INTEGER,
  value REAL,
  quality INTEGER,
  tail BLOB
) STRICT;

CREATE TABLE positions (
  source TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  begun_uptime_s INTEGER NOT NULL,
  tail BLOB,
  finished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE states (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
  stream TEXT NOT NULL,
  uptime_s INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  PRIMARY KEY (stream, uptime_s)
) STRICT, WITHOUT ROWID;

CREATE TABLE uptime (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seconds INTEGER NOT NULL
) STRICT;

INSERT INTO uptime (one, seconds) VALUES (1, 0);
"""
