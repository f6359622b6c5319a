"""Files of data sets: where they are looked for, how they are downloaded, and what is said when one is not to be had."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lvmlib import data
from lvmlib.data import DatasetUnavailable, images, tables
from lvmlib.data.files import PublishedFile, cache_folder

FAITHFUL_FORM = b"rownames,eruptions,waiting\n1,3.25,79\n2,1.5,54\n3,4.125,74\n"
"""Three rows of our own in the form of faithful.csv."""


def published(path: str, content: bytes, *urls: str) -> PublishedFile:
    return PublishedFile(path, len(content), hashlib.sha256(content).hexdigest(), urls)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """No local folder, and a cache with nothing in it."""
    monkeypatch.delenv("LVMLIB_DATA", raising=False)
    monkeypatch.setenv("LVMLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Mirror:
    """An HTTP server on this machine; ``answers`` maps a path to a function of the request handler."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.answers: dict = {}
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.requests.append(self.path)
                mirror.answers.get(self.path, lambda handler: handler.send_error(404))(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, path: str, content: bytes, *, length: int | None = None, until: int = 1) -> str:
        """Answer ``path`` with ``content``, promising ``length`` bytes; return its URL.

        The second half is sent once there have been ``until`` requests, or after a minute.
        """

        def answer(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content) if length is None else length))
            handler.end_headers()
            half = len(content) // 2
            handler.wfile.write(content[:half])
            handler.wfile.flush()
            give_up = time.monotonic() + 60
            while len(self.requests) < until and time.monotonic() < give_up:
                time.sleep(0.01)
            handler.wfile.write(content[half:])

        self.answers[path] = answer
        return self.url + path


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TestWhereFilesAreLookedFor:
    content = b"some published bytes" * 50

    def test_downloads_once_and_then_uses_the_cache(self, empty_cache, mirror, capsys):
        file = published("set/file.bin", self.content, mirror.serve("/file.bin", self.content))
        assert file.find() == empty_cache / "set/file.bin"
        assert file.find().read_bytes() == self.content
        assert mirror.requests == ["/file.bin"]
        assert os.listdir(empty_cache / "set") == ["file.bin"]
        captured = capsys.readouterr()
        assert "set/file.bin" in captured.out and captured.err == ""  # the progress bar, and no alarm

    def test_a_local_folder_comes_before_cache_and_mirror(self, empty_cache, mirror, tmp_path, monkeypatch):
        file = published("set/file.bin", self.content, mirror.serve("/file.bin", self.content))
        (tmp_path / "local/set").mkdir(parents=True)
        (tmp_path / "local/set/file.bin").write_bytes(self.content)
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path / "local"))
        assert file.find() == tmp_path / "local/set/file.bin"
        assert mirror.requests == [] and not empty_cache.exists()

    def test_a_set_that_the_local_folder_lacks_is_downloaded(self, empty_cache, mirror, tmp_path, monkeypatch):
        file = published("set/file.bin", self.content, mirror.serve("/file.bin", self.content))
        (tmp_path / "local").mkdir()
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path / "local"))
        assert file.find() == empty_cache / "set/file.bin"

    def test_the_second_mirror_is_tried(self, empty_cache, mirror):
        file = published("file.bin", self.content, mirror.url + "/gone", mirror.serve("/file.bin", self.content))
        assert file.find().read_bytes() == self.content
        assert mirror.requests == ["/gone", "/file.bin"]

    def test_a_damaged_cache_is_replaced(self, empty_cache, mirror):
        file = published("file.bin", self.content, mirror.serve("/file.bin", self.content))
        empty_cache.mkdir()
        (empty_cache / "file.bin").write_bytes(self.content[:-1] + b"?")
        assert file.find().read_bytes() == self.content

    def test_loader_downloads(self, empty_cache, mirror, monkeypatch):
        file = published("old-faithful/faithful.csv", FAITHFUL_FORM, mirror.serve("/faithful.csv", FAITHFUL_FORM))
        monkeypatch.setattr(tables, "FAITHFUL", file)
        assert data.old_faithful().x.shape == (3, 2)

    def test_two_processes_at_once(self, empty_cache, mirror):
        # the mirror waits in the middle of the file until both have asked, so that each is at it while the other is
        url = mirror.serve("/file.bin", self.content, until=2)
        file = published("set/file.bin", self.content, url)
        program = f"from lvmlib.data.files import PublishedFile; print(open({file!r}.find(), 'rb').read() == {self.content!r})"
        processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for process in processes:
            output, _ = process.communicate(timeout=120)
            assert process.returncode == 0 and output.endswith("True\n")
        assert mirror.requests == ["/file.bin"] * 2
        assert os.listdir(empty_cache / "set") == ["file.bin"]

    def test_cache_folder(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("LVMLIB_CACHE", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        assert cache_folder() == tmp_path / ".cache/lvmlib"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert cache_folder() == tmp_path / ".cache/lvmlib"
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
        assert cache_folder() == tmp_path / "caches/lvmlib"
        monkeypatch.setenv("LVMLIB_CACHE", "~/mine")
        assert cache_folder() == tmp_path / "mine"


class TestFailures:
    """Each in one sentence that says what to do; and nothing half done is left in the cache."""

    content = TestWhereFilesAreLookedFor.content

    def refused(self, find, *complaints: str) -> None:
        with pytest.raises(DatasetUnavailable) as error:
            find()
        message = str(error.value)
        assert "\n" not in message
        for complaint in complaints:
            assert complaint in message

    @pytest.mark.parametrize("loader", [data.old_faithful, data.mnist])
    def test_offline(self, empty_cache, closed_port, monkeypatch, loader):
        offline = functools.partial(dataclasses.replace, urls=(f"http://127.0.0.1:{closed_port}/file",))
        monkeypatch.setattr(tables, "FAITHFUL", offline(tables.FAITHFUL))
        monkeypatch.setitem(images.MNIST, "train", tuple(map(offline, images.MNIST["train"])))
        self.refused(loader, "Connection refused", "set LVMLIB_DATA to a folder that holds ", "try again when online")
        assert list(empty_cache.iterdir()) == []

    def test_no_such_file_at_the_mirror(self, empty_cache, mirror):
        self.refused(published("file.bin", self.content, mirror.url + "/gone").find, "Not Found", "LVMLIB_DATA")

    def test_wrong_checksum(self, empty_cache, mirror):
        url = mirror.serve("/file.bin", self.content[::-1])
        self.refused(published("file.bin", self.content, url).find, "SHA-256", "is not the published file", "LVMLIB_DATA")
        assert os.listdir(empty_cache) == []

    @pytest.mark.parametrize("promised", ["all", "what comes"])
    def test_truncated_download(self, empty_cache, mirror, promised):
        half = self.content[: len(self.content) // 2]
        url = mirror.serve("/file.bin", half, length=len(self.content) if promised == "all" else None)
        self.refused(published("file.bin", self.content, url).find, "truncated: it has 500 bytes, the published file has 1,000")
        assert os.listdir(empty_cache) == []

    def test_endless_download_is_cut(self, empty_cache, mirror):
        url = mirror.serve("/file.bin", self.content * 200)
        self.refused(published("file.bin", self.content, url).find, "sent more than the published 1,000 bytes")
        assert os.listdir(empty_cache) == []

    def test_damaged_cache_while_offline(self, empty_cache, closed_port):
        empty_cache.mkdir()
        (empty_cache / "file.bin").write_bytes(self.content[:10])
        file = published("file.bin", self.content, f"http://127.0.0.1:{closed_port}/file.bin")
        self.refused(file.find, str(empty_cache / "file.bin"), "is truncated", "Connection refused", "LVMLIB_DATA")

    @pytest.mark.parametrize(
        ("given", "complaint"), [(content[:-1], "is truncated"), (content[:-1] + b"?", "is not the published file")]
    )
    @pytest.mark.parametrize("by", ["root", "LVMLIB_DATA"])
    def test_damaged_local_file(self, empty_cache, tmp_path, monkeypatch, given, complaint, by):
        (tmp_path / "file.bin").write_bytes(given)
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path))
        find = functools.partial(published("file.bin", self.content).find, tmp_path if by == "root" else None)
        self.refused(find, str(tmp_path / "file.bin"), complaint, f"let {by} name another folder")

    def test_root_without_the_file(self, empty_cache, tmp_path):
        self.refused(functools.partial(data.old_faithful, root=tmp_path), "no file old-faithful/faithful.csv", "root")

    def test_root_that_is_no_folder(self, tmp_path):
        with pytest.raises(ValueError, match="root must be a folder, got .*nowhere"):
            data.mnist("test", root=tmp_path / "nowhere")

    def test_environment_names_no_folder(self, empty_cache, tmp_path, monkeypatch):
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path / "nowhere"))
        self.refused(data.old_faithful, "LVMLIB_DATA must name a folder that holds old-faithful/faithful.csv")

    def test_cache_that_cannot_be_written(self, tmp_path, monkeypatch):
        monkeypatch.delenv("LVMLIB_DATA", raising=False)
        (tmp_path / "file").write_text("a file where a folder should be")
        monkeypatch.setenv("LVMLIB_CACHE", str(tmp_path / "file"))
        self.refused(published("set/file.bin", self.content).find, "cannot be written", "LVMLIB_CACHE", "LVMLIB_DATA")
