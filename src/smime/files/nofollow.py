"""Files opened by a name that others may have laid a link under.

Who may write to the folder of a file whose name can be foreseen can put a link there, symbolic or hard, and have somebody else's program
read or overwrite a file of its own choice. Nothing here follows one: a file is new, or it is a regular file with this one name.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["create", "read", "reopen"]

_CLOSED = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
_NOT_THROUGH_A_LINK = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes to would be waited for; regular files do not mind
_ATTEMPTS = 8


def create(path: str | os.PathLike[str], mode: int = 0o666) -> int:
    """Make a new file for reading and writing, in place of whatever has the name, and return its descriptor.

    Raises:
        OSError: it cannot be made, or somebody else keeps putting something there.
    """
    for _ in range(_ATTEMPTS):
        Path(path).unlink(missing_ok=True)  # the link, not what it leads to
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _CLOSED, mode)  # POSIX: O_EXCL does not follow a link either
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, "somebody else keeps making this file", os.fspath(path))


def reopen(path: str | os.PathLike[str]) -> int:
    """Open for reading and writing a file that `create` made in an earlier run, and return its descriptor.

    Raises:
        FileNotFoundError: there is none.
        OSError: a link has its name, or something that is no regular file, or has other names as well; or it is somebody else's in a folder
            where everybody may make files.
    """
    descriptor = _open(path, os.O_RDWR, link=False)
    try:
        found = os.fstat(descriptor)
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "has other names as well", os.fspath(path))
        if _planted(found, Path(path).parent):
            raise PermissionError(errno.EACCES, "is somebody else's, in a folder where everybody may make files", os.fspath(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(path: str | os.PathLike[str], *, link: bool = False) -> int:
    """Open a regular file for reading and return its descriptor.

    Args:
        path: of the file.
        link: it may be a symbolic link.

    Raises:
        OSError: it is not there, or not a regular file.
    """
    return _open(path, os.O_RDONLY, link=link)


def _open(path: str | os.PathLike[str], how: int, *, link: bool) -> int:
    try:
        if not link and not _NOT_THROUGH_A_LINK and Path(path).is_symlink():  # Windows has no such flag
            raise OSError(errno.ELOOP, "is a link", os.fspath(path))
        descriptor = os.open(path, how | _CLOSED | _AT_ONCE | (0 if link else _NOT_THROUGH_A_LINK))
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK} and not link:  # the latter on FreeBSD
            raise OSError(errno.ELOOP, "is a link, and links are not followed", os.fspath(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", os.fspath(path))
    return descriptor


def _planted(found: os.stat_result, folder: Path) -> bool:
    """The rule of Linux's fs.protected_regular: in a sticky folder that everybody may write to, a file is its owner's or the folder's."""
    if not hasattr(os, "geteuid"):
        return False
    about = folder.stat()
    shared = bool(about.st_mode & stat.S_ISVTX and about.st_mode & stat.S_IWOTH)
    return shared and found.st_uid not in {os.geteuid(), about.st_uid}
