"""Which exceptions are expected, and in which words they reach a person.

    exception --expected_failure--> (NAME, message)     exit 1
              --usage_failure-----> message             exit 2
              --neither-----------> a defect: the traceback stays

Every exception class that Novate defines is raised for somebody to read, with place, expectation and
finding in its message; so are errors of the operating system. Anything else is a defect.
"""

from __future__ import annotations

import errno
import re

SYSTEM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "expected room for a file of this size, was above the limit",
    errno.EROFS: "expected a writable place, was a read-only file system",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "expected a file or directory, was nothing there",
    errno.EISDIR: "expected a file, was a directory",
    errno.ENOTDIR: "expected a directory, was a file",
    errno.EIO: "the disk could not be read or written",
}


def expected_failure(error: BaseException) -> tuple[str, str] | None:
    """Name and message of an error that a user can do something about; None for a defect."""
    kind = type(error)
    if kind.__module__.split(".")[0] == "novate":
        # A refusal of the clearing house goes by the name of the rule that was broken.
        return getattr(error, "reason", "") or _upper_snake(kind.__name__), str(error)
    if isinstance(error, OSError):
        if error.errno is None:
            return "OS_ERROR", str(error)
        place = f"{error.filename}: " if error.filename is not None else ""
        reason = SYSTEM.get(error.errno, error.strerror)
        return errno.errorcode.get(error.errno, "OS_ERROR"), f"{place}{reason}"
    return None


def usage_failure(error: BaseException) -> str | None:
    """The message of a wrong command line, with a pointer to its help; None for anything else."""
    from typer._click.exceptions import ClickException, UsageError

    if not isinstance(error, ClickException):
        return None
    message = error.format_message()
    if re.match(r"No such option: -\d", message):
        message = "expected an option, or a number that is not below 0, was a number below 0"
    if isinstance(error, UsageError) and error.ctx is not None:
        message = " ".join(message.split())
        message = f"{message.rstrip('.')}. See: {error.ctx.command_path} --help"
    return message


def _upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
