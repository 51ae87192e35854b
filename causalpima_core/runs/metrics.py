"""The history of every term of the loss: a small SQLite database, appended to after each epoch."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pandas as pd

from causalpima_core.runs.records import EpochRecord

COLUMNS = ["step", "epoch", "stage", "term", "value", "time"]
_TABLE = """
CREATE TABLE IF NOT EXISTS metrics (
    step INTEGER, epoch INTEGER, stage TEXT, term TEXT, value REAL, time REAL,
    PRIMARY KEY (epoch, term)
)
"""
_LEAST_FREE = 128 * 1024
"""Bytes without which SQLite cannot work, whatever it then says is wrong."""


def append(path: Path, record: EpochRecord) -> None:
    """Add one epoch's terms; an epoch done again after a resume replaces itself.

    Raises:
        sqlite3.DatabaseError: the file is damaged.
        OSError: it cannot be written.
    """
    now = time.time()
    rows = [
        (record.step, record.epoch, record.stage.value, term, value, now)
        for term, value in record.terms.items()
    ]
    try:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(_TABLE)
            db.executemany("INSERT OR REPLACE INTO metrics VALUES (?,?,?,?,?,?)", rows)
    except sqlite3.OperationalError as error:
        raise _of_disk(path, error) from error


def _of_disk(path: Path, error: sqlite3.OperationalError) -> OSError:
    """SQLite has many words for a full disk; the system has one."""
    if not path.parent.exists():
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    full = error.sqlite_errorname == "SQLITE_FULL"
    if full or shutil.disk_usage(path.parent).free < _LEAST_FREE:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return OSError(errno.EIO, str(error), str(path))


def check(path: Path) -> None:
    """Read all of it.

    Raises:
        sqlite3.DatabaseError: the file is damaged.
    """
    if path.exists():
        with closing(sqlite3.connect(path)) as db:
            ((found,), *_) = db.execute("PRAGMA quick_check").fetchall()
        if found != "ok":
            raise sqlite3.DatabaseError(found)


def set_aside(path: Path) -> None:
    """Make room for a new database where this one is damaged; the old one is kept beside it."""
    path.replace(path.with_name(f"damaged-{path.name}"))
    for companion in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(companion).unlink(missing_ok=True)


def copy(path: Path, to: Path) -> None:
    """Write a database with all terms to ``to``, those still in SQLite's own log included."""
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as here,
        closing(sqlite3.connect(to)) as there,
    ):
        here.backup(there)


def read(path: Path) -> pd.DataFrame:
    """All terms so far, with `COLUMNS`; empty where there are none yet.

    Raises:
        sqlite3.DatabaseError: the file is damaged.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        rows = _rows(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # the first epoch is just being written
            return pd.DataFrame(columns=COLUMNS)
        # A disk that cannot be written has no place for what readers share, and no writer.
        rows = _rows(path, "immutable=1")
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(path: Path, how: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True)) as db:
        return db.execute("SELECT * FROM metrics ORDER BY epoch, term").fetchall()
