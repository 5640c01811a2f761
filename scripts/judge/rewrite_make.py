"""Writes the SSTables of a data directory again: their dumps go through `sstablefs import`."""
import gzip
import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .case import CODECS, quote
from .files import data_files, table_directory

FORMATS = ('nb', 'oa', 'da')
# The codecs of judge/case.py; `own` leaves the options of the tables as they are.
KINDS = ('own', *CODECS)
CHUNK_LENGTH = 16
# A partition's deletion in oa and da can't have a time before 1970: their first bit says "live".
NEGATIVE_DELETION = 'a deletion time before 1970'


@dataclass
class Job:
    """One SSTable that is written again."""

    keyspace: str
    table: str
    source: Path  # its Data file
    dump: Path  # sstabledump -l -t of it
    format: str
    kind: str
    data: Path = None  # the new Data file
    refused: str = None
    # Why the dump does not tell all that is in the SSTable.
    lossy: str = None

    @property
    def where(self):
        return f'{self.keyspace}.{self.table} {self.source.name} as {self.format}, {self.kind}'


def read_gz(path):
    return gzip.decompress(Path(path).read_bytes()).decode()


class Tables:
    """The tables of a folder with data/ and expected/, as scripts/golden and scripts/random_tables make it."""

    def __init__(self, folder, program, scratch, only=None):
        self.folder, self.program, self.scratch = Path(folder), program, Path(scratch)
        self.data, self.expected = self.folder / 'data', self.folder / 'expected'
        self.now = int((self.expected / 'now').read_text())
        found = sorted((path.parent.parent.name, path.parent.name) for path in self.expected.glob('*/*/select.jsonl.gz'))
        self.names = [(keyspace, table) for keyspace, table in found if not keyspace.startswith('system')
                      and (not only or f'{keyspace}.{table}' in only or keyspace in only)]
        self.schemas = {name: json.loads(read_gz(self.expected_of(name) / 'schema.json.gz')) for name in self.names}
        self.counters = {name for name, schema in self.schemas.items() if any(c['type'] == 'counter' for c in schema['columns'])}
        self.statements = self.run('schema', self.data, '--internals', '--full')
        self.views = {name for name in self.names if f'CREATE MATERIALIZED VIEW {quote(name[0])}.{quote(name[1])} ' in self.statements}
        self.dropped = dict(self.dropped_columns())

    def run(self, *arguments, check=True):
        result = subprocess.run([self.program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False)
        if check and result.returncode:
            raise RuntimeError(f'sstablefs {" ".join(map(str, arguments))}: {result.stderr.decode()[-2000:]}')
        return result.stdout.decode() if check else result

    def expected_of(self, name):
        return self.expected / name[0] / name[1]

    def sstables(self, name):
        """Data files of the table and the dumps that Cassandra made of them."""
        directory = table_directory(self.data, *name)
        return [(path, self.expected_of(name) / f'{generation}.dump.jsonl.gz') for generation, path in data_files(directory)] if directory else []

    def schema_file(self, kind):
        """The schema with another codec for all tables; None for their own."""
        if kind == 'own':
            return None
        codec = CODECS[kind] % CHUNK_LENGTH if '%d' in CODECS[kind] else CODECS[kind]
        path = self.scratch / f'{kind}.cql'
        text, count = re.subn(r"compression = \{[^}]*\}", lambda _: f'compression = {codec}', self.statements)
        assert count >= len(self.names), 'each CREATE TABLE has its compression'
        path.write_text(text)
        return path

    def dropped_columns(self):
        pattern = re.compile(r'ALTER TABLE (.+) DROP (.+) USING TIMESTAMP (-?\d+)')
        for keyspace, table in self.names:
            name = f'{quote(keyspace)}.{quote(table)}'
            found = [m.groups() for m in pattern.finditer(self.statements) if m[1] == name]
            yield (keyspace, table), {column.strip('"').replace('""', '"'): int(when) for _, column, when in found}

    def keep(self, name):
        """For rewrite_dump.partitions."""
        columns = {c['name'] for c in self.schemas[name]['columns']}
        dropped = self.dropped[name]
        if not dropped:
            return None

        def keep(column, written):
            column = column[1:-1].replace('""', '"') if column.startswith('"') else column
            return column in columns or column not in dropped or written > dropped[column]
        return keep

    # ---- writing ----

    def jobs(self, format, kind_of):
        """kind_of: the codec for a table's number."""
        return [Job(*name, source, dump, format, kind_of(number))
                for number, name in enumerate(self.names) for source, dump in self.sstables(name)]

    def write(self, jobs, out, threads=2):
        """Runs the jobs; new SSTables lie in OUT/KEYSPACE/TABLE, one for each job that was not refused."""
        self.schemas_by_kind = {kind: self.schema_file(kind) for kind in {job.kind for job in jobs}}
        by_table = {}
        for job in jobs:
            by_table.setdefault((job.keyspace, job.table), []).append(job)
        with ThreadPoolExecutor(threads) as pool:
            # The SSTables of a table one after the other: each takes the next number.
            list(pool.map(lambda group: [self.write_one(job, out) for job in group], by_table.values()))

    def input_of(self, job):
        """The dump as a file: Cassandra's own for some, for the others ours in the form with dates, which is equal."""
        raw = job.kind in RAW or self.has_early_times(job)
        text = self.scratch / 'dumps' / f'{job.keyspace}.{job.table}.{job.source.name}.{"jsonl" if raw else "json"}'
        if not text.exists():
            text.parent.mkdir(exist_ok=True)
            text.write_text(read_gz(job.dump) if raw else self.run('sstabledump', job.source))
        return text

    @staticmethod
    def has_early_times(job):
        """As a date sstabledump prints -5 microseconds as 1970-01-01T00:00:00.999995Z."""
        return re.search(r'"(tstamp|marked_deleted)":"-', read_gz(job.dump)) is not None

    def write_one(self, job, out):
        schema = self.schemas_by_kind[job.kind]
        result = self.run('import', self.data, f'{job.keyspace}.{job.table}', self.input_of(job), '--out', out,
                          '--format', job.format, *(['--schema', schema] if schema else []), check=False)
        paths = result.stdout.decode().split('\n')[:-1]
        if result.returncode:
            job.refused = result.stderr.decode().strip()
        elif len(paths) == 1:
            job.data = Path(paths[0])
        elif paths:
            job.refused = f'gave {len(paths)} SSTables: {paths}'


# Kinds that are read from Cassandra's dump with numbers for times.
RAW = ('own', 'none', 'snappy', 'zstd')


def copy_own(tables, out):
    """Cassandra's own SSTables in the layout of `write`."""
    for name in tables.names:
        for source, _ in tables.sstables(name):
            target = Path(out) / name[0] / name[1]
            target.mkdir(parents=True, exist_ok=True)
            for part in source.parent.glob(source.name.removesuffix('Data.db') + '*'):
                # Not the components of storage-attached indexes.
                if '+' not in part.name and part.is_file():
                    shutil.copy(part, target / part.name)
