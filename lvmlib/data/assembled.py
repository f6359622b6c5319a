"""An archive of files that are published one by one: downloaded together, checked together."""

from __future__ import annotations

import http.client
import io
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from lvmlib.data.files import TIMEOUT, DatasetUnavailable, PublishedFile, cache_folder


@dataclass(frozen=True)
class AssembledArchive:
    """A zip archive in the cache whose members are downloaded from one folder."""

    file: PublishedFile
    """The archive as :func:`stored_archive` makes it, with its checksum."""
    base_url: str
    """Members lie at ``base_url``/name."""
    names: tuple[str, ...]

    def find(self) -> Path:
        """The archive in the cache, downloaded member by member if it is not there.

        Raises
        ------
        DatasetUnavailable
            If a member is not to be had, the cache cannot be written, or the whole is not what was published.
        """
        path = cache_folder() / self.file.path
        if path.exists():
            return self.file.find(cache_folder())
        members = {}
        # On standard output: in a notebook standard error is an alarm.
        for name in tqdm(self.names, desc=self.file.path, unit="file", leave=False, file=sys.stdout):
            url = f"{self.base_url}/{name}"
            try:
                with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
                    members[name] = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise DatasetUnavailable(f"{url} is not to be had: {getattr(error, 'reason', None) or error}") from error
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(stored_archive(members))
            part.replace(path)
        except OSError as error:
            raise DatasetUnavailable(
                f"the cache {cache_folder()} cannot be written ({error.strerror}): set LVMLIB_CACHE to a folder that can"
            ) from error
        try:
            return self.file.find(cache_folder())
        except DatasetUnavailable:
            path.unlink()
            raise


def stored_archive(members: Mapping[str, bytes]) -> bytes:
    """A zip archive of ``members`` by name, uncompressed and without dates: the same bytes wherever it is made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            information = zipfile.ZipInfo(name)  # dated 1980
            information.create_system = 3
            archive.writestr(information, members[name])
    return content.getvalue()
