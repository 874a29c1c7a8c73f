"""Files of planes are compared only while nobody writes them: they would differ without being false.

files_at_rest(folders) --a plane has its folder--> RefusedError
                       --nobody has-------------> planes cannot start until the comparison is over
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from novate.app.problems import RefusedError
from novate.journal.folder_lock import FolderInUse, no_writer


@contextmanager
def files_at_rest(folders: Iterable[Path]) -> Iterator[None]:
    """Keep planes from starting in those of the folders that exist. RefusedError where one runs."""
    with ExitStack() as held:
        for folder in folders:
            if not folder.is_dir():
                continue
            try:
                held.enter_context(no_writer(folder))
            except FolderInUse as error:
                message = "expected one that is stopped, or a copy of its files, was one that runs"
                raise RefusedError(f"{folder}: {message}") from error
        yield
