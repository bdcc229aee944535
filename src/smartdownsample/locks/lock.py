"""Lockfiles in Python: write one, read one, and see what has become of its images."""

import glob
import os
from dataclasses import replace

from ..checks import check_type
from ..display import count_noun
from ..errors import InvalidParameterError, OutputError
from ..items import to_key, to_text
from ..options import PathLike
from ..records import Picks
from ..results import find_base_of
from .content_hashes import digest_file
from .lock_check import (
    LockReport,
    check_picks,
    compare_collection,
    compare_selection,
    find_locked_root,
    find_unsound,
)
from .lock_file import LockContent, LockedPick, LockedSource, read_lock
from .places import leads_out
from .unicode_forms import locate

_N_NAMED = 3


class Lock:
    """A lockfile: which images were selected, from what and how.

    Write one with `Selection.save_lock` or the command's ``--lock``, and read it with `Lock.read`.

    Parameters
    ----------
    file : str
        The lockfile.
    content : LockContent
        What stands in it.

    Attributes
    ----------
    file : str
        The lockfile.
    content : LockContent
        What stands in it.

    Examples
    --------
    >>> lock = Lock.read("picks.lock")  # doctest: +SKIP
    >>> lock.verify().is_same  # doctest: +SKIP
    True
    """

    def __init__(self, file: str, content: LockContent) -> None:
        self.file = file
        self.content = content

    def __len__(self) -> int:
        """Count the selected images or crops."""
        return len(self.content.picks)

    def __repr__(self) -> str:
        """Show the counts."""
        rounds = count_noun(len(self.content.rounds), "round")
        return f"<Lock of {count_noun(len(self), 'pick')} in {rounds}>"

    @classmethod
    def read(cls, file: PathLike) -> "Lock":
        """Read a lockfile.

        Parameters
        ----------
        file : path
            As `Selection.save_lock` or ``--lock`` wrote it.

        Returns
        -------
        Lock
            With all that stands in it.

        Raises
        ------
        InvalidParameterError
            When the file is no lockfile, cannot be read, or was changed since it was written.
        """
        return cls(to_text(file, "The 'file' parameter"), read_lock(file))

    def find_root(self, root: PathLike | None = None) -> str:
        """Find the folder that the paths of images count from.

        Parameters
        ----------
        root : path, optional
            The folder, where it is another one than when the lockfile was written.

        Returns
        -------
        str
            The folder.

        Raises
        ------
        InvalidParameterError
            When there is no such folder, or the lockfile does not tell it.
        """
        if root is not None:
            found = to_text(root, "The 'root' parameter")
        elif self.content.root is not None:
            found = os.path.normpath(os.path.join(os.path.dirname(self.file), self.content.root))
        else:
            msg = (
                f"{self.file!r} does not say where its images lie, since the way there told about "
                "the machine. Name their folder: root=, in the command --root."
            )
            raise InvalidParameterError(msg)
        if not os.path.isdir(found):
            msg = (
                f"The images of {self.file!r} are expected in the folder {found!r}, which is not "
                "there. Name the folder they lie in now: root=, in the command --root."
            )
            raise InvalidParameterError(msg)
        return found

    def _is_about(self, selection: Picks) -> bool:
        """Tell whether the images of a selection lie where the lockfile says."""
        root = self.content.root
        if root is None:
            return False
        folder = to_key(os.path.normpath(os.path.join(os.path.dirname(self.file), root)))
        place = os.path.join(find_base_of(selection), b"")
        return not place or place.startswith(os.path.join(folder, b""))

    def list_paths(self, root: PathLike | None = None) -> list[str]:
        """List the paths of the selected images, each once.

        Parameters
        ----------
        root : path, optional
            As for `find_root`.

        Returns
        -------
        list of str
            Below the root, sorted. They need not exist.

        Raises
        ------
        InvalidParameterError
            As by `find_root`.
        """
        folder = self.find_root(root)
        return list(dict.fromkeys(self.place(pick, folder) for pick in self.content.picks))

    def place(self, pick: LockedPick, root: str) -> str:
        """Return the path of a pick's photo below a root."""
        return os.fsdecode(locate(os.fsencode(root), pick.path))

    def list_outside(self, root: PathLike | None = None) -> list[str]:
        """List the places outside of the lockfile's folder that it alone says are to be read."""
        folder = os.path.dirname(self.file)
        named = [
            source.document
            for source in [*(self.content.sources or []), *(self.content.keep or [])]
        ]
        if root is None:
            named.insert(0, self.content.root)
        return [
            os.path.normpath(os.path.join(folder, place))
            for place in named
            if place is not None and leads_out(place)
        ]

    def list_sources(self, sources: list[LockedSource], root: str) -> list[str]:
        """List the paths of sources, where images lie below a root."""
        folder = os.path.dirname(self.file)
        paths = [
            _find_images(root, source.images)
            if source.images is not None
            else os.path.join(folder, source.document or "")
            for source in sources
        ]
        # A dash alone would be standard input.
        return [os.path.normpath(path) if path != "-" else "./-" for path in paths]

    def list_changed_documents(self, *, only_missing: bool = False) -> list[str]:
        """List the documents that are gone, and those that have changed."""
        sources = [*(self.content.sources or []), *(self.content.keep or [])]
        paths = zip(sources, self.list_sources(sources, ""), strict=True)
        return [
            path
            for source, path in paths
            if source.document is not None
            if not os.path.exists(path) or (not only_missing and digest_file(path) != source.sha256)
        ]

    def verify(
        self,
        root: PathLike | None = None,
        *,
        selection: Picks | None = None,
        show_progress: bool = False,
    ) -> LockReport:
        """Tell what has become of the selected images, which are read to their ends.

        Parameters
        ----------
        root : path, optional
            As for `find_root`; by default where the lockfile says, or else where the images of
            `selection` lie.
        selection : Selection, optional
            What the same call selects now. With it, images that came and went are told as well,
            and which picks are others.
        show_progress : bool
            Whether to draw a progress bar on standard error when it takes longer than a second.

        Returns
        -------
        LockReport
            What is the same and what is not.

        Raises
        ------
        InvalidParameterError
            As by `find_root`.
        """
        if selection is not None:
            check_type("selection", selection, Picks, "a Selection")
        if root is None and selection is not None and not self._is_about(selection):
            root = os.fsdecode(find_locked_root(self.content, selection)) or None
        folder = self.find_root(root)
        report = check_picks(self.content, folder, show_progress=show_progress)
        report = replace(report, documents=tuple(self.list_changed_documents()))
        if selection is None:
            return report
        key = to_key(folder)
        return replace(
            report,
            collection=compare_collection(self.content, selection.inputs, key),
            picks=compare_selection(self.content, selection, key, dict(report.moved)),
        )

    def check_images(self, root: str) -> None:
        """Raise OutputError when a selected image below a root is gone or has changed.

        A file of the same size and modification time is taken for the same; others are read.
        """
        changed, missing = find_unsound(self.content, root)
        if changed or missing:
            told = [
                f"{len(paths):,} {one if len(paths) == 1 else many} "
                f"({', '.join(map(repr, paths[:_N_NAMED]))}"
                f"{' and others' * (len(paths) > _N_NAMED)})"
                for one, many, paths in (
                    ("is gone", "are gone", missing),
                    ("has changed", "have changed", changed),
                )
                if paths
            ]
            msg = (
                f"Of {count_noun(len(self), 'selected image')} of {self.file!r}, "
                f"{' and '.join(told)} in {root!r}. Nothing was written. To see what became of "
                "them, and whether they only moved: smartdownsample verify."
            )
            raise OutputError(msg)


def _find_images(root: str, images: str) -> str:
    """Return the path of a folder, image or glob below a root, whose own name is none."""
    path = os.fsdecode(locate(os.fsencode(root), images))
    is_glob = glob.has_magic(images) and not os.path.lexists(path)
    return os.path.join(glob.escape(root), images) if is_glob else path
