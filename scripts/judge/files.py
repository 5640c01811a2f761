"""Reproducible gzip files, and the SSTables of a data directory."""

import gzip
import re
from pathlib import Path

DATA_FILE = re.compile(r"^(?P<version>[a-z]{2})-(?P<id>[0-9a-z_]+)-(?:big|bti)-Data\.db$")


def write_gz(path, data):
    """No name and no time in the header: the same data gives the same file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as out:
        out.write(data)


def data_files(directory):
    """(id, path) of each SSTable in a table's directory; neither its snapshots nor its indexes."""
    found = []
    for path in Path(directory).iterdir():
        match = DATA_FILE.match(path.name)
        if match:
            found.append((match["id"], path))
    return sorted(found, key=lambda entry: (len(entry[0]), entry[0]))


def table_directory(data, keyspace, table):
    """The directory of the live table: a dropped one of the same name has no SSTables left. None for a table never written."""
    found = sorted((Path(data) / keyspace).glob(f"{table}-" + "[0-9a-f]" * 32))
    live = [path for path in found if data_files(path)] or found
    if len(live) > 1:
        raise RuntimeError(f"{keyspace}.{table}: {len(live)} directories in {data}")
    return live[0] if live else None
