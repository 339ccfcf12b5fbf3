"""What a user can do about a disk that does not take or give what is kept."""

import errno

MAKE_ROOM = "make room, then `evalslo run --resume` goes on from what was kept"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def what_and_mend(fault: OSError) -> str:
    """What the system said, and what to do: room where there was none, else another place or the right to write."""
    what = fault.strerror or str(fault)
    if fault.errno in _NO_ROOM:
        return f"{what}; {MAKE_ROOM}"
    return f"{what}; make it writable, or set EVALSLO_HOME"
