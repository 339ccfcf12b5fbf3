"""A real PostgreSQL server on a socket of the loopback, in a folder of its own, for the tests that want one."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60


def find_binary(name: str) -> str | None:
    """The newest server program of that name: on the path, or where Debian puts it."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(kept[-1]) if kept else shutil.which(name)


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The URL of a server that runs while the block does. Raises FileNotFoundError where the programs are absent."""
    initdb, server = find_binary("initdb"), find_binary("postgres")
    if initdb is None or server is None:
        raise FileNotFoundError("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    data = folder / "data"
    who = _no_root(folder)
    subprocess.run([*who, initdb, "-D", str(data), "-U", "evalslo", "-A", "trust", "--no-sync"], check=True, stdout=-3)
    port = _free_port()
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    process = subprocess.Popen([*who, server, "-D", str(data), *options], stdout=-3, stderr=-3, cwd=folder)
    try:
        _await(port, process)
        yield f"postgresql://evalslo@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=START_S)


def _no_root(folder: Path) -> list[str]:
    """What runs a command as somebody else where we are root, whom PostgreSQL refuses; the folder is theirs then."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.parents):
        if path.stat().st_uid == 0 and path != path.parent and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise FileNotFoundError(f"the PostgreSQL server ended at once, with {process.returncode}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise FileNotFoundError("the PostgreSQL server did not begin to listen")
