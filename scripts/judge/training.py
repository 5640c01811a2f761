"""What the program does while it is observed for scripts/release: everything that should be fast, on tables of all shapes that are made up
here and resemble no benchmark's."""
import csv
import datetime
import os
import random
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

ROWS = 24_000
SCHEMA = """
CREATE KEYSPACE train WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
CREATE TABLE train.mixed (
    id text, at timestamp, seq int, owner text static, title text, body text, count bigint, small smallint, price double, ratio float,
    amount decimal, flag boolean, who uuid, host inet, day date, clock time, raw blob, labels set<text>, steps list<int>,
    votes map<text, int>, spot frozen<tuple<int, text>>,
    PRIMARY KEY (id, at, seq)) WITH CLUSTERING ORDER BY (at DESC, seq ASC);
CREATE TABLE train.narrow (k int PRIMARY KEY, v int);
CREATE TABLE train.wide (k int, c bigint, v text, PRIMARY KEY (k, c));
"""
TABLES = ['mixed', 'narrow', 'wide']
FILTERS = {'mixed': 'price > 500', 'narrow': 'v > 5000', 'wide': 'c < 500'}


def mixed(rng, row):
    day = datetime.date(1995, 1, 1) + datetime.timedelta(rng.randrange(15_000))
    # Few of them have to be quoted or escaped.
    words = ['amber', 'birch', 'copper', 'delta', 'ember', 'flint', 'grüner Tee', rng.choice(['harbour'] * 6 + ['hill, low', 'the "hub"'])]
    some = lambda: rng.sample(words, rng.randrange(5))
    # Now and then something is null, and a quarter of the rows has few columns.
    few = rng.random() < 0.25
    maybe = lambda value: '' if few or rng.random() < 0.06 else value
    quoted = lambda word: "'" + word.replace("'", "''") + "'"
    return {
        'id': f'entry-{row // 12}', 'at': f'{day} {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(1000):03}+0000', 'seq': rng.randrange(3),
        'owner': words[row // 12 % 8], 'title': maybe(' '.join(some()) or '-'), 'body': maybe(' '.join(rng.choices(words, k=rng.randrange(1, 18)))),
        'count': maybe(rng.randrange(1 << rng.randrange(1, 60))), 'small': maybe(rng.randrange(-9999, 9999)), 'price': rng.choice([rng.random() * 1000, rng.randrange(900) / 4]),
        'ratio': maybe(rng.randrange(-999, 999) / 8), 'amount': maybe(f'{rng.randrange(10**9)}.{rng.randrange(100):02}'), 'flag': maybe(rng.random() < 0.5),
        'who': maybe(uuid.UUID(int=rng.getrandbits(128), version=4)), 'host': maybe(f'10.{rng.randrange(256)}.{rng.randrange(256)}.1'), 'day': maybe(day),
        'clock': maybe(f'{rng.randrange(24):02}:{rng.randrange(60):02}:00.{rng.randrange(10**9):09}'), 'raw': maybe('0x' + rng.randbytes(rng.randrange(1, 30)).hex()),
        'labels': maybe('{' + ', '.join(sorted(map(quoted, some()))) + '}'), 'steps': maybe('[' + ', '.join(str(rng.randrange(999)) for _ in range(rng.randrange(6))) + ']'),
        'votes': maybe('{' + ', '.join(f'{quoted(w)}: {rng.randrange(99)}' for w in sorted(some())) + '}'), 'spot': maybe(f"({rng.randrange(99)}, 'p')"),
    }


def rows(rng, table, count):
    for row in range(count):
        match table:
            case 'mixed':
                yield mixed(rng, row)
            case 'narrow':
                yield {'k': row * 7, 'v': rng.randrange(10_000)}
            case 'wide':
                yield {'k': row // 8000, 'c': row, 'v': f'value {rng.getrandbits(rng.randrange(8, 200)):x}'}


def write_csv(path, table, seed):
    rng = random.Random(seed)
    with path.open('w', newline='') as file:
        writer = None
        for row in rows(rng, table, ROWS):
            if writer is None:
                # The dialect of COPY.
                writer = csv.DictWriter(file, list(row), quoting=csv.QUOTE_MINIMAL, doublequote=False, escapechar='\\', lineterminator='\n')
                writer.writeheader()
            writer.writerow(row)


class Training:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.schema = folder / 'schema.cql'
        self.schema.write_text(SCHEMA)

    def do(self, *arguments, output=subprocess.DEVNULL):
        command = [self.program, *map(str, arguments)]
        result = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if result.returncode:
            sys.exit(f'release: {" ".join(map(str, command))}: {result.stderr.decode()}')

    def data(self, version, seeds):
        """A data directory with each table, of one SSTable a seed."""
        data = self.folder / version
        for number, table in enumerate(TABLES):
            (data / 'train' / f'{table}-{number:032x}').mkdir(parents=True)
            for seed in seeds:
                source = self.folder / f'{table}.csv'
                write_csv(source, table, seed)
                self.do('import', data, f'train.{table}', source, '--schema', self.schema, '--format', version, '--timestamp', 1_600_000_000_000_000 + seed)
        return data

    def queries(self, data):
        for table in TABLES:
            name = f'train.{table}'
            for form in ('table', 'json', 'jsonl', 'csv'):
                self.do('query', data, '--schema', self.schema, '-o', form, f'SELECT * FROM {name} WHERE {FILTERS[table]} ALLOW FILTERING')
            self.do('query', data, '--schema', self.schema, f'SELECT count(*) FROM {name}')

    def dumps(self, data):
        for number, file in enumerate(sorted(data.glob('train/*/*-Data.db'))):
            self.do('sstabledump', '-l', file)
            self.do('sstabledump', file)
            self.do('verify', file)
            self.do('info', file, '-o', 'json')
            table = file.parent.name.split('-')[0]
            lines = self.folder / 'dump.json'
            with lines.open('w') as output:
                self.do('sstabledump', '-l', file, output=output)
            self.do('import', data, f'train.{table}', lines, '--input', 'dump', '--schema', self.schema, '--out', self.folder / f'dumped-{data.name}-{number}')

    def mount(self, data):
        point = self.folder / 'mnt'
        point.mkdir(exist_ok=True)
        self.do('mount', data, point, '--schema', self.schema, '--read-only')
        try:
            for table in TABLES:
                self.read(point / 'train' / table, FILTERS[table])
        finally:
            subprocess.run(['fusermount3', '-u', point], check=True)

    def read(self, table, condition):
        rng = random.Random(7)
        for form in ('json', 'jsonl', 'csv'):
            (table / f'rows.{form}').read_bytes()
            (table / 'where' / condition.replace(' ', '') / f'rows.{form}').read_bytes()
            names = sorted(os.listdir(table / form))
            for name in rng.sample(names, min(400, len(names))) + names[:100]:
                (table / form / name).read_bytes()
        again = self.folder / 'rows.jsonl'
        again.write_bytes((table / 'rows.jsonl').read_bytes())
        data = self.folder / 'oa'
        self.do('import', data, f'train.{table.name}', again, '--schema', self.schema, '--out', self.folder / f'again-{table.name}')


def run(program):
    with tempfile.TemporaryDirectory(prefix='sstablefs-training-') as folder:
        training = Training(program, Path(folder))
        for version, seeds in (('oa', [1]), ('nb', [1]), ('da', [1, 2])):
            data = training.data(version, seeds)
            training.queries(data)
            training.dumps(data)
            training.mount(data)
