"""What a golden table is made of: its schema, and the statements between one flush and the next."""

import re
from dataclasses import dataclass, field

# Text that is a table option's value for `compression`, by codec.
CODECS = {
    "none": "{'enabled': 'false'}",
    "lz4": "{'class': 'LZ4Compressor', 'chunk_length_in_kb': %d}",
    "snappy": "{'class': 'SnappyCompressor', 'chunk_length_in_kb': %d}",
    "deflate": "{'class': 'DeflateCompressor', 'chunk_length_in_kb': %d}",
    "zstd": "{'class': 'ZstdCompressor', 'chunk_length_in_kb': %d}",
}
SPREAD = [(codec, chunk) for chunk in (16, 4, 64) for codec in CODECS]


@dataclass
class Case:
    """One table of testdata/.

    phases: one list of statements for each flush, so a phase that writes makes one SSTable. A statement is CQL text or
    (text with ?, parameters). ALTER, CREATE, DROP and TRUNCATE run alone and in place; the others between them may
    run in any order, so each has its USING TIMESTAMP.
    """

    keyspace: str
    name: str
    columns: str  # what stands between the parentheses of CREATE TABLE
    phases: list
    types: list = field(default_factory=list)  # CREATE TYPE statements without keyspace: "name (a int)"
    indexes: list = field(default_factory=list)  # statements after CREATE TABLE: indexes and views
    options: dict = field(default_factory=dict)  # None is the value of one without: COMPACT STORAGE
    order: str = ""  # CLUSTERING ORDER BY
    codec: tuple = None  # (codec, chunk length in KiB); chosen in turn without it
    also: list = field(default_factory=list)  # further tables whose answers are kept: materialized views
    compact_after: int = None  # the phase after which the table is compacted into one SSTable
    copy: bool = True  # False where COPY TO can't print the values, with the reason in a comment
    finish: list = field(default_factory=list)  # nodetool commands after the last flush
    dropped: bool = False  # the table does not exist in the end: there is nothing to select

    @property
    def table(self):
        return f"{quote(self.keyspace)}.{quote(self.name)}"

    def create_statements(self, number):
        codec, chunk = self.codec or SPREAD[number % len(SPREAD)]
        compression = CODECS[codec] % chunk if "%d" in CODECS[codec] else CODECS[codec]
        options = {
            "compression": compression,
            "compaction": "{'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}",
            # Not purged by compaction, whenever the data is looked at.
            "gc_grace_seconds": "864000",
            **self.options,
        }
        clauses = [name if value is None else f"{name} = {value}" for name, value in options.items()]
        if self.order:
            clauses.insert(0, f"CLUSTERING ORDER BY ({self.order})")
        for definition in self.types:
            yield f"CREATE TYPE IF NOT EXISTS {quote(self.keyspace)}.{definition}"
        yield f"CREATE TABLE {self.table} ({self.columns}) WITH {' AND '.join(clauses)}"
        yield from self.indexes


def quote(name):
    """A CQL identifier as it must be written: quoted where it is not plain lower case (or may be a reserved word)."""
    return name if re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in RESERVED else '"' + name.replace('"', '""') + '"'


RESERVED = set("add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop "
               "entries execute from full grant if in index infinity insert into is keyspace limit materialized mbean "
               "mbeans modify nan norecursive not null of on or order primary rename replace revoke schema select set "
               "table to token truncate unlogged unset update use using view where with".split())


def is_ddl(statement):
    text = statement if isinstance(statement, str) else statement[0]
    return text.lstrip().split(None, 1)[0].upper() in ("ALTER", "CREATE", "DROP", "TRUNCATE")


def groups(statements):
    """Splits a phase into runs: a list of one DDL statement, or of statements that may run together."""
    run = []
    for statement in statements:
        if is_ddl(statement):
            if run:
                yield run
            yield [statement]
            run = []
        else:
            run.append(statement)
    if run:
        yield run
