"""The errors that reach a person: one or two plain lines that name the file or flag and the way out."""

import errno

NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of this disk (the quota) is used up",
    errno.EFBIG: "a limit on the size of files, of the disk or of this process, is reached",
}
"""What ran out where a file cannot be written for want of room, by the system's number."""


class SightlineError(Exception):
    """The work failed. The message is shown as it stands; the command line exits with 1."""

    exit_code = 1


class Interrupted(SightlineError):
    """The work was cut short, by a person or a full disk; what is done is kept, and the rest can follow."""


class UsageError(SightlineError):
    """What was asked for makes no sense: a flag, an argument, an option. The command line exits with 2."""

    exit_code = 2
