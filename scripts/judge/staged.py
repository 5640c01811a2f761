"""Writes files into staging folders, as cp does, or as rsync: under another name, then renamed."""
import os


def put(staging, name, data, hidden=False, sync=False, cut=None):
    """Returns when the file is accepted; an OSError when it is not. cut: after so many bytes a close in between, as of `(cat a; cat b) > file`."""
    path = staging / (f'.{name}.tmp' if hidden else name)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        if cut:
            os.write(fd, data[:cut])
            os.close(os.dup(fd))
            data = data[cut:]
        while data:
            data = data[os.write(fd, data):]
        if sync:
            os.fsync(fd)
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    if hidden:
        os.rename(path, staging / name)
