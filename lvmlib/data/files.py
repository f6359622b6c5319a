"""Find a published file in a local folder, or download it into the cache; trust only its checksum."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

CHUNK = 1 << 16
TIMEOUT = 30.0
"""Seconds without a byte after which a download is given up."""


class DatasetUnavailable(RuntimeError):
    """A data set is neither in a local folder nor to be downloaded, or what was found is not that data set."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a data set, as published."""

    path: str
    """Below the data folder, for example ``mnist/train-images-idx3-ubyte.gz``."""
    size: int
    """Bytes."""
    sha256: str
    urls: tuple[str, ...]
    """Mirrors, tried in this order."""

    def find(self, root: str | os.PathLike | None = None) -> Path:
        """A local path of this file, with the right checksum; downloaded into the cache if need be.

        Looked for below ``root``, and nowhere else, if it is given; otherwise below the folder
        that ``LVMLIB_DATA`` names, then in the cache, then at each of the ``urls``.

        Raises
        ------
        DatasetUnavailable
            If the file is not there, cannot be read, or is not the published one (its size or
            SHA-256 differs), or if no mirror gives it.
        ValueError
            If ``root`` is not a folder.
        """
        if root is not None:
            if not Path(root).is_dir():
                raise ValueError(f"root must be a folder, got {os.fspath(root)!r}")
            if not (Path(root) / self.path).exists():
                raise DatasetUnavailable(f"there is no file {self.path} in the folder {os.fspath(root)} that root names")
            return self._local(Path(root), "root")
        if folder := os.environ.get("LVMLIB_DATA"):
            if not Path(folder).is_dir():
                raise DatasetUnavailable(f"LVMLIB_DATA must name a folder that holds {self.path}, or be unset; it is {folder!r}")
            if (Path(folder) / self.path).exists():
                return self._local(Path(folder), "LVMLIB_DATA")
        cached = cache_folder() / self.path
        if not cached.exists():
            return self._download(cached, [])
        fault = self._fault(cached)
        return cached if fault is None else self._download(cached, [f"{cached} {fault}"])

    def is_at_hand(self) -> bool:
        """Whether :meth:`find` would look at a local copy; its checksum is not computed."""
        folder = os.environ.get("LVMLIB_DATA")
        return any((Path(place) / self.path).exists() for place in (folder, cache_folder()) if place)

    def _local(self, folder: Path, given_by: str) -> Path:
        path = folder / self.path
        fault = self._fault(path)
        if fault:
            raise DatasetUnavailable(f"{path} {fault}; mend it, or let {given_by} name another folder")
        return path

    def _fault(self, path: Path) -> str | None:
        """What is wrong with a file, as the end of a sentence; None if it is the published one."""
        try:
            size = path.stat().st_size
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if size < self.size:
            return f"is truncated: it has {size:,} bytes, the published file has {self.size:,}"
        if digest != self.sha256:
            return f"is not the published file: its SHA-256 is {digest}, not {self.sha256}"
        return None

    def _download(self, destination: Path, faults: list[str]) -> Path:
        """Into a file of this process's own, then renamed: another process sees all of it or nothing."""
        try:
            destination.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=destination.parent, prefix=f".{destination.name}.")
        except OSError as error:
            raise DatasetUnavailable(
                f"the cache {cache_folder()} cannot be written ({error.strerror}): set LVMLIB_CACHE to a folder that can, "
                f"or LVMLIB_DATA to a folder that holds {self.path}"
            ) from error
        os.close(handle)
        part = Path(name)
        try:
            for url in self.urls:
                fault = self._fetch(url, part)
                if fault is None:
                    # mkstemp gives 0600; a cache is read by whoever may read the folder
                    part.chmod(0o644)
                    part.replace(destination)
                    return destination
                faults.append(f"{url} {fault}")
        finally:
            part.unlink(missing_ok=True)
        if destination.parent != cache_folder():
            with contextlib.suppress(OSError):  # not empty: something else is there, or on its way
                destination.parent.rmdir()
        raise DatasetUnavailable(
            f"{self.path} is not to be had: set LVMLIB_DATA to a folder that holds {self.path}, or try again when online "
            f"({'; '.join(faults)})"
        )

    def _fetch(self, url: str, part: Path) -> str | None:
        """Download one mirror's copy to ``part``; what went wrong, or None."""
        received = 0
        try:
            with (
                urllib.request.urlopen(url, timeout=TIMEOUT) as response,
                open(part, "wb") as file,
                # On standard output: in a notebook standard error is an alarm, to a grader even a failure.
                tqdm(total=self.size, desc=self.path, unit="B", unit_scale=True, leave=False, file=sys.stdout) as bar,
            ):
                while chunk := response.read(CHUNK):
                    received += len(chunk)
                    if received > self.size:
                        return f"sent more than the published {self.size:,} bytes"
                    file.write(chunk)
                    bar.update(len(chunk))
        except (OSError, http.client.HTTPException) as error:  # URLError, HTTPError and timeouts are OSErrors
            return f"failed: {getattr(error, 'reason', None) or error or type(error).__name__}"
        fault = self._fault(part)
        return f"sent a file that {fault}" if fault else None


def cache_folder() -> Path:
    """``LVMLIB_CACHE``, else ``lvmlib`` in ``XDG_CACHE_HOME``, else ``~/.cache/lvmlib``. It need not exist."""
    if folder := os.environ.get("LVMLIB_CACHE"):
        return Path(folder).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    return (Path(caches) if os.path.isabs(caches) else Path.home() / ".cache") / "lvmlib"
