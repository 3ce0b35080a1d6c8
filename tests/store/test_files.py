"""The SQLite file: one daemon, looked at before use, refused in words, never replaced (RELIABILITY S03, S04, S07, S13)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from watcher.errors import StoreError, StoreLocked
from watcher.store import Store, files
from watcher.store.backup import restore
from watcher.store.schema import meta

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def put(store, key):
    store.write_now(lambda conn: conn.execute(meta.insert().values(key=key, value="x")).rowcount)


def keys(store):
    return store.read_now(lambda conn: sorted(conn.scalars(select(meta.c.key))))


def held_elsewhere(path: Path, *, ending: str = "input()") -> subprocess.Popen[str]:
    """Another process that holds the daemon's lock until its standard input ends."""
    code = f"from watcher.store import Store; s = Store.open({url(path)!r}, exclusive=True); print('up', flush=True); {ending}"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_a_second_daemon_is_refused_and_told_who_is_first(sqlite_path):
    child = held_elsewhere(sqlite_path)
    try:
        with pytest.raises(StoreLocked, match=f"process {child.pid} ") as refused:
            Store.open(url(sqlite_path), exclusive=True)
        assert refused.value.pid == child.pid
        with Store.open(url(sqlite_path)) as command:
            put(command, "a command may write beside the daemon")
    finally:
        end(child)


def test_the_lock_belongs_to_the_file_whatever_its_name(sqlite_path, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "link.db").symlink_to(sqlite_path)
    child = held_elsewhere(sqlite_path)
    try:
        with pytest.raises(StoreLocked):
            Store.open(url(other / "link.db"), exclusive=True)
    finally:
        end(child)


def test_the_lock_ends_with_a_killed_owner_even_when_a_child_of_it_lives_on(sqlite_path):
    """An inherited flock would outlive the daemon in its workers."""
    ending = "import os, time; p = os.fork(); p and os.write(1, b'%d\\n' % p); time.sleep(600)"
    child = held_elsewhere(sqlite_path, ending=ending)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    try:
        Store.open(url(sqlite_path), exclusive=True).close()
    finally:
        os.kill(grandchild, signal.SIGKILL)
        child.communicate()


def test_the_lock_is_free_again_after_close(sqlite_path):
    for _ in range(3):
        store = Store.open(url(sqlite_path), exclusive=True)
        store.close()
    lock = files.FileLock(sqlite_path)
    assert not lock.unclean
    lock.release()


def test_a_daemon_that_was_killed_is_noticed_and_its_commits_are_there(sqlite_path):
    ending = "from watcher.store.schema import meta; s.write_now(lambda c: c.execute(meta.insert().values(key='kept', value='x')).rowcount); print('done', flush=True); input()"
    child = held_elsewhere(sqlite_path, ending=ending)
    assert child.stdout is not None
    assert child.stdout.readline() == "done\n"
    end(child)
    assert sqlite_path.with_name("watcher.db-wal").stat().st_size > 0
    lock = files.FileLock(sqlite_path)
    assert lock.unclean
    lock.release()
    with Store.open(url(sqlite_path), exclusive=True) as store:
        assert keys(store) == ["kept"]


BROKEN = {
    "empty file": lambda data: b"",
    "not a database": lambda data: b"<html>404 Not Found</html>" * 300,
    "header overwritten": lambda data: b"\xff" * 100 + data[100:],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "first page overwritten after the header": lambda data: data[:100] + b"\xff" * (4096 - 100) + data[4096:],
    "all pages but the first overwritten": lambda data: data[:4096] + os.urandom(len(data) - 4096),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_broken_file_is_refused_with_the_way_out_and_left_as_it_is(sqlite_path, how, exclusive):
    broken = BROKEN[how](sqlite_path.read_bytes())
    sqlite_path.write_bytes(broken)
    with pytest.raises(StoreError, match=r"watcher restore BACKUP") as refused:
        Store.open(url(sqlite_path), exclusive=exclusive)
    assert str(sqlite_path) in str(refused.value)
    assert sqlite_path.read_bytes() == broken


def test_pages_broken_behind_the_tables_roots_are_found_after_a_crash(sqlite_path):
    with Store.open(url(sqlite_path)) as store:
        for n in range(400):
            put(store, f"{n:05} {'x' * 300}")
    data = bytearray(sqlite_path.read_bytes())
    data[-40 * 4096 :: 7] = b"\xee" * len(data[-40 * 4096 :: 7])
    sqlite_path.write_bytes(data)
    Path(f"{sqlite_path}.lock").write_text("99999\n")  # what a killed daemon leaves
    with pytest.raises(StoreError, match="damaged"):
        Store.open(url(sqlite_path), exclusive=True)


def test_the_log_of_another_database_is_never_applied(sqlite_path, tmp_path):
    """A -wal that belongs to another program's file."""
    wal = tmp_path / "other.db-wal"
    other = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    with closing(other):
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE theirs (x)")
        other.execute("INSERT INTO theirs VALUES (1)")
        sqlite_path.with_name("watcher.db-wal").write_bytes(wal.read_bytes())
    with pytest.raises(StoreError, match=r"not made by watcher|damaged|lost its tables"):
        Store.open(url(sqlite_path))


def test_somebody_elses_database_is_refused(tmp_path):
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE alerts (id)")
        theirs.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not made by watcher"):
        Store.open(url(path))
    assert path.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user in a child process")
@pytest.mark.parametrize("what", ["file", "folder", "missing folder"])
def test_what_cannot_be_written_is_refused_in_plain_words(tmp_path, what):
    """Run as an unprivileged user: root may write anything."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for parent in (tmp_path, *tmp_path.parents):
        if parent == Path("/tmp"):
            break
        parent.chmod(parent.stat().st_mode | 0o055)
    path = folder / "watcher.db"
    Store.open(url(path)).close()
    path.chmod(0o444 if what == "file" else 0o666)
    if what == "folder":
        folder.chmod(0o555)
    target = folder / "none" / "watcher.db" if what == "missing folder" else path
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            Store.open(url(target))
            said = "opened"
        except StoreError as error:
            said = str(error)
        except BaseException as error:  # noqa: BLE001
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    assert str(target) in said
    assert "mend" in said


def test_a_new_database_appears_whole_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "new.db"
    with pytest.raises(RuntimeError):
        files.create(path, lambda _: (_ for _ in ()).throw(RuntimeError("killed here")))
    assert list(tmp_path.iterdir()) == []
    with Store.open(url(path)):
        assert path.stat().st_mode & 0o077 == 0
        assert all(found.stat().st_mode & 0o077 == 0 for found in tmp_path.iterdir())


def test_creating_a_database_never_replaces_one_that_came_first(tmp_path):
    path = tmp_path / "new.db"
    files.create(path, lambda draft: path.write_bytes(b"first"))
    assert path.read_bytes() == b"first"


def test_odd_names_are_plain_files(tmp_path):
    path = tmp_path / "a ?mode=ro#x%20 ünï.db"
    with Store.open(url(path).replace("?", "%3F").replace("#", "%23")) as store:
        put(store, "a")
        assert store.path is not None
        assert store.path.parent == tmp_path


# --- backup and restore ------------------------------------------------------------------------------------------------


def test_a_backup_is_one_whole_moment_of_a_database_in_use(sqlite_path, tmp_path):
    with Store.open(url(sqlite_path)) as store:
        put(store, "a")
        store.backup(tmp_path / "copy.db")
        put(store, "b")
        with pytest.raises(StoreError, match="exists already"):
            store.backup(tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy.db?*"))
    with Store.open(url(tmp_path / "copy.db")) as copy:
        assert keys(copy) == ["a"]


def test_restore_puts_the_backup_in_place_and_keeps_the_old_file(sqlite_path, tmp_path):
    with Store.open(url(sqlite_path)) as store:
        put(store, "a")
        store.backup(tmp_path / "copy.db")
        put(store, "later")
    aside = restore(tmp_path / "copy.db", sqlite_path, NOW)
    assert aside is not None
    with Store.open(url(sqlite_path), exclusive=True) as restored:
        assert keys(restored) == ["a", "restored_at"]
    with Store.open(url(aside)) as old:
        assert keys(old) == ["a", "later"]


def test_restore_also_where_the_old_file_is_broken_or_missing(sqlite_path, tmp_path):
    with Store.open(url(sqlite_path)) as store:
        store.backup(tmp_path / "copy.db")
    sqlite_path.write_bytes(b"rubbish")
    aside = restore(tmp_path / "copy.db", sqlite_path, NOW)
    assert aside is not None
    assert aside.read_bytes() == b"rubbish"
    sqlite_path.unlink()
    assert restore(tmp_path / "copy.db", sqlite_path, NOW) is None
    Store.open(url(sqlite_path)).close()


def test_restore_refuses_a_damaged_backup_and_a_running_daemon(sqlite_path, tmp_path):
    copy = tmp_path / "copy.db"
    with Store.open(url(sqlite_path)) as store:
        store.backup(copy)
    before = sqlite_path.read_bytes()
    child = held_elsewhere(sqlite_path)
    try:
        with pytest.raises(StoreLocked):
            restore(copy, sqlite_path, NOW)
    finally:
        end(child)
    data = copy.read_bytes()
    for damaged in (b"", b"rubbish" * 1000, data[:4096] + os.urandom(len(data) - 4096)):
        copy.write_bytes(damaged)
        with pytest.raises(StoreError):
            restore(copy, sqlite_path, NOW)
    with pytest.raises(StoreError, match="no such backup"):
        restore(tmp_path / "none", sqlite_path, NOW)
    with Store.open(url(sqlite_path)):
        assert len(before) == sqlite_path.stat().st_size
