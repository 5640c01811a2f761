"""The readers of scripts/soak_test: each reads in turn what a mount has, and judges each row by the model of its table."""
import collections
import json
import os
import random
import subprocess
import threading
import time

from . import compare_csv
from .live_model import PARTITIONS, ROWS, text_of

# The mount learns of a flush by inotify; a read that begins this long after it must see it.
REFRESH = 1.0
# A little more than the whole table has.
FAR = 500_000


class Floor:
    """The oldest versions that a read which begins now may show."""

    def __init__(self, *known):
        self.known = known

    def get(self, key, default=0):
        return max(known.get(key, default) for known in self.known)

    def __getitem__(self, key):
        return self.get(key)


class Judged:
    """A table of the mount with its model. staged: what is acknowledged is shown at once; else what is flushed, after REFRESH."""

    def __init__(self, folder, model, staged):
        self.folder, self.model, self.staged = folder, model, staged
        self.lock, self.seen, self.told = threading.Lock(), {}, set()
        self.floors = collections.deque([(0, {})])

    def note_floor(self):
        """Called again and again by one thread."""
        self.floors.append((time.time(), self.model.floor()))
        while len(self.floors) > 1 and self.floors[1][0] < time.time() - REFRESH:
            self.floors.popleft()

    def floor(self):
        """What is known, and what another reader has already seen."""
        known = self.model.before_flush() if self.staged else self.floors[0][1]
        with self.lock:
            return Floor(known, dict(self.seen))

    def wrong(self, rows, floor, keys):
        found = list(self.model.wrong(rows, floor, self.model.ceiling(), keys))
        with self.lock:
            for key, version in rows.items():
                self.seen[key] = max(version, self.seen.get(key, 0))
        return found


class Findings:
    """What all readers and stagers have done, and what was wrong."""

    def __init__(self):
        self.lock, self.done, self.problems = threading.Lock(), collections.Counter(), []

    def add(self, what, problems=(), rows=0):
        with self.lock:
            self.done[what] += 1
            self.done['rows judged'] += rows
            for problem in problems:
                self.problems.append(f'{time.strftime("%T")} {what}: {problem}')
                print(f'WRONG {self.problems[-1]}', flush=True)


def json_rows(text):
    return [(r['k'], r['c'], r['v'], r['pad']) for r in (json.loads(line) for line in text.split('\n') if line)]


def csv_rows(text, header=True):
    return [(int(r[0][0]), int(r[1][0]), int(r[3][0]), r[2][0]) for r in list(compare_csv.records(text))[int(header):]]


def whole_lines(text, at):
    """The lines of a part of a file that are there from end to end."""
    begin = 0 if at == 0 else text.find('\n') + 1
    end = text.rfind('\n') + 1
    return text[begin:end] if begin or at == 0 else ''


class Reader(threading.Thread):
    def __init__(self, number, tables, findings, watchdog, stop):
        super().__init__(daemon=True)
        self.tables, self.findings, self.watchdog, self.stopping = tables, findings, watchdog, stop
        self.rng = random.Random(1000 + number)
        self.actions = [self.partition, self.partition, self.part, self.part, self.whole, self.where, self.where, self.cql, self.listing,
                        self.grep, self.sstables, self.told]

    def run(self):
        while not self.stopping.is_set():
            action, table = self.rng.choice(self.actions), self.rng.choice(self.tables)
            try:
                action(table)
            except Exception as error:  # whatever it is, it is no answer that a reader may get
                self.findings.add(f'{action.__name__} of {table.folder.name}', [repr(error)])
            self.watchdog.moved()
            time.sleep(self.rng.random() * 0.05)

    def judge(self, what, table, values, floor, keys=None):
        """keys: those that must be there if they are alive; all by default."""
        rows, problems = {}, []
        for k, c, version, pad in values:
            if pad != text_of(k, c, version):
                problems.append(f'row {(k, c)} of version {version} has another text: {pad[:80]!r}')
            if (k, c) in rows:
                problems.append(f'row {(k, c)} appears twice')
            rows[k, c] = version
        problems += table.wrong(rows, floor, keys)
        self.findings.add(what, (f'{table.folder.name}: {problem}' for problem in problems), len(rows))

    def partition(self, table):
        k, form = self.rng.randrange(PARTITIONS), self.rng.choice(['jsonl', 'csv'])
        floor = table.floor()
        try:
            text = (table.folder / form / f'{k}.{form}').read_text()
        except FileNotFoundError:
            text = ''
        if text and not text.endswith('\n'):
            raise ValueError(f'{k}.{form} ends in the middle of a line')
        self.judge('partition file', table, json_rows(text) if form == 'jsonl' else csv_rows(text), floor, [(k, c) for c in range(ROWS)])

    def whole(self, table):
        form = self.rng.choice(['jsonl', 'csv'])
        floor = table.floor()
        text = (table.folder / f'rows.{form}').read_text()
        if text and not text.endswith('\n'):
            raise ValueError('ends in the middle of a line')
        self.judge(f'rows.{form}', table, json_rows(text) if form == 'jsonl' else csv_rows(text), floor)

    def part(self, table):
        """Parts at random places; the same place again gives the same, whatever was flushed meanwhile."""
        form = self.rng.choice(['jsonl', 'csv'])
        floor, first = table.floor(), None
        fd = os.open(table.folder / f'rows.{form}', os.O_RDONLY)
        try:
            for _ in range(3):
                at, length = self.rng.choice([0, self.rng.randrange(FAR)]), self.rng.randrange(1, 1 << 16)
                data = os.pread(fd, length, at)
                first = first or (at, length, data)
                text = whole_lines(data.decode(), at)
                rows = json_rows(text) if form == 'jsonl' else csv_rows(text, header=at == 0 and bool(text))
                self.judge(f'part of rows.{form}', table, rows, floor, [])
            at, length, data = first
            if os.pread(fd, length, at) != data:
                raise ValueError(f'{length} bytes at {at} of a file that is open have changed')
        finally:
            os.close(fd)

    def where(self, table):
        k, c = self.rng.randrange(PARTITIONS), self.rng.randrange(ROWS)
        path, keys = self.rng.choice([
            (f'k={k}/c>={c}', [(k, n) for n in range(c, ROWS)]),
            (f'k={k}/c={c}', [(k, c)]),
            (f'c={c}', [(n, c) for n in range(PARTITIONS)]),
            (f'k in ({k},{(k + 1) % PARTITIONS})/c<{c}', [(n, m) for n in (k, (k + 1) % PARTITIONS) for m in range(c)]),
            (f'v>0/c<{c}/@limit=7', []),
        ])
        floor = table.floor()
        form = self.rng.choice(['jsonl', 'csv'])
        text = (table.folder / 'where' / path / f'rows.{form}').read_text()
        self.judge('where/', table, json_rows(text) if form == 'jsonl' else csv_rows(text), floor, keys)

    def cql(self, table):
        k = self.rng.randrange(PARTITIONS)
        floor = table.floor()
        statement = f'SELECT k, c, v, pad FROM live.{table.folder.name} WHERE k = {k} AND c < {ROWS}'
        text = (table.folder.parent.parent / 'cql' / f'{statement}.jsonl').read_text()
        self.judge('cql/', table, json_rows(text), floor, [(k, c) for c in range(ROWS)])

    def listing(self, table):
        floor = table.floor()
        names = os.listdir(table.folder / 'json')
        ceiling = table.model.ceiling()
        listed = {int(name.removesuffix('.json')) for name in names}
        problems = ['a name is listed twice'] if len(listed) != len(names) else []
        for k in set(range(PARTITIONS)) - listed:
            for key in ((k, c) for c in range(ROWS)):
                low = floor.get(key)
                if low and all(table.model.alive[key][low - 1:ceiling[key]]):
                    problems.append(f'{table.folder.name}: json/{k}.json is not listed, but {key} is alive')
        for k in self.rng.sample(sorted(listed), min(3, len(listed))):
            try:
                os.stat(table.folder / 'json' / f'{k}.json')
            except FileNotFoundError:
                pass  # Deleted since: what is in it, other readers judge.
        self.findings.add('listing', problems)

    def grep(self, table):
        c = self.rng.randrange(ROWS)
        floor = table.floor()
        run = subprocess.run(['grep', '-rh', f'"c": {c},', str(table.folder / 'jsonl')], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        said = [line for line in run.stderr.decode().splitlines() if not line.endswith('No such file or directory')]
        if said:
            raise ValueError(f'grep: {said[:3]}')
        self.judge('grep', table, json_rows(run.stdout.decode()), floor, [(k, c) for k in range(PARTITIONS)])

    def sstables(self, table):
        """Each SSTable by itself; one that is compacted away meanwhile is not there."""
        folder = table.folder / 'sstables'
        ids = os.listdir(folder)
        for name in self.rng.sample(ids, min(2, len(ids))):
            try:
                text = (folder / name / 'dump.jsonl').read_text()
                metadata = (folder / name / 'metadata.json').read_text()
            except FileNotFoundError:
                continue
            keys = [int(json.loads(line)['partition']['key'][0]) for line in text.split('\n') if line]
            json.loads(metadata)
            ok = len(set(keys)) == len(keys) and set(keys) <= set(range(PARTITIONS))
            self.findings.add('sstables/', [] if ok else [f'keys of {name}: {keys}'])

    def told(self, table):
        info = json.loads((table.folder / 'info.json').read_text())
        (table.folder / 'schema.cql').read_text()
        # Each of them once.
        told = [text for what in ('problems', 'read_errors') for text in map(str, info[what]) if text not in table.told]
        table.told.update(told)
        self.findings.add('info.json', (f'{table.folder.name}: {text}' for text in told))
