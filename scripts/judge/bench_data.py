"""The tables that scripts/bench measures on, made once and kept."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
HEAP = '8g'  # with less, CQLSSTableWriter may lose its writer and wait for ever


@dataclass
class BenchTable:
    name: str
    rows: int
    root: Path  # the data directory
    schema: Path
    csv: Path | None
    made: dict = field(default_factory=dict)  # by import: rows, rows_per_second, rss

    @property
    def folder(self):
        return next((self.root / 'bench').glob(f'{self.name}-*'))

    @property
    def data_files(self):
        return sorted(self.folder.glob('*-Data.db'))

    @property
    def bytes(self):
        return sum(f.stat().st_size for f in self.data_files)


class Data:
    def __init__(self, folder, program, tool):
        self.folder, self.program, self.tool = folder, program, tool
        self.folder.mkdir(parents=True, exist_ok=True)

    def java_env(self, heap=HEAP):
        return dict(os.environ, SSTABLEFS_CASSANDRA_HEAP=heap, SSTABLEFS_CASSANDRA_STATE=str(self.folder / 'state'))

    def java_command(self, *args):
        return [SCRIPTS / 'cassandra', 'java', SCRIPTS / 'oracle' / 'BenchTables.java', *args]

    def java(self, *args, **kwargs):
        return subprocess.run(list(map(str, self.java_command(*args))), env=self.java_env(), timeout=1800, check=True, stderr=subprocess.DEVNULL, **kwargs)

    def schema(self, shape):
        path = self.folder / f'{shape}.cql'
        if not path.exists():
            text = self.java('schema', shape, stdout=subprocess.PIPE).stdout
            path.write_bytes(b"CREATE KEYSPACE bench WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};\n" + text)
        return path

    def csv(self, shape, rows, seed=1):
        path = self.folder / f'{shape}.{rows}.{seed}.csv'
        if not path.exists():
            self.say(f'{rows:,} rows of {shape} as CSV')
            unfinished = path.with_suffix('.unfinished')
            self.java('csv', shape, rows, unfinished, seed)
            unfinished.rename(path)
        return path

    def table(self, shape, rows, writer='import', inputs=1, keep_csv=False):
        """A data directory with this table alone. `inputs`: so many SSTables, of another seed each."""
        root = self.folder / f'{shape}.{rows}.{writer}.{inputs}'
        schema = self.schema(shape)
        table = BenchTable(shape, rows, root, schema, self.csv(shape, rows) if keep_csv else None)
        done = root / 'done'
        if done.exists():
            table.made = json.loads(done.read_text() or '{}')
            return table
        shutil.rmtree(root, ignore_errors=True)
        folder = root / 'bench' / f'{shape}-{1:032x}'
        folder.mkdir(parents=True)
        started = time.time()
        for seed in range(1, inputs + 1):
            if writer == 'cassandra':
                self.java('write', shape, self.csv(shape, rows), folder)
            else:
                sample, taken = self.load(table, seed)
                read = table.made.get('rows', 0) + taken
                table.made = {'rows': read, 'rows_per_second': taken / sample.seconds, 'rss': sample.rss}
        self.say(f'{rows:,} rows of {shape} as {len(table.data_files)} SSTable(s), {table.bytes >> 20} MiB, by {writer}, {time.time() - started:.0f} s')
        done.write_text(json.dumps(table.made))
        return table

    def load(self, table, seed):
        """Through a pipe: the CSV of 5 GiB need not lie on the disk."""
        make = None
        source = table.csv if table.csv and seed == 1 else None
        command = [str(self.program), 'import', str(table.root), f'bench.{table.name}', str(source or '-'), '--schema', str(table.schema), '--input', 'csv',
                   '--format', 'oa', '--timestamp', str(1_700_000_000_000_000 + seed)]
        if source is None:
            java = list(map(str, self.java_command('csv', table.name, table.rows, '-', seed)))
            make = subprocess.Popen(java, env=self.java_env('1g'), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            sample, said = self.tool.run(*command, stdin=make.stdout if make else subprocess.DEVNULL, timeout=3600)
        finally:
            if make:
                make.stdout.close()
                status = make.wait(60)
        if make and status != 0:
            raise RuntimeError('BenchTables.java failed')
        return sample, int(re.search(r'(\d+) rows and', said).group(1))

    @staticmethod
    def say(text):
        print(f'made {text}', file=sys.stderr, flush=True)
