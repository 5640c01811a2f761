"""scripts/live_test: reads a mounted data directory while a live Cassandra writes, flushes and compacts in it."""
import argparse
import collections
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from . import compare_csv
from .live_end import conclude, differences
from .live_model import PARTITIONS, ROWS, Flusher, Model, Writer, text_of
from .memory_test import Watchdog
from .random_mount import Mount, binary
from .server import Server
from .steady import deleted_files, grown, sample

# The mount learns of a flush by inotify; a read that begins this long after it must see it.
REFRESH = 1.0


class Reader:
    """Reads in turn what a mount has, and judges each by the model."""

    def __init__(self, table, model, watchdog):
        self.table, self.model, self.watchdog = table, model, watchdog
        self.rng = random.Random(1)
        self.done, self.wrong = collections.Counter(), []
        self.floors = collections.deque()  # (time, floor): as known REFRESH ago

    def note_floor(self):
        self.floors.append((time.time(), self.model.floor()))
        while len(self.floors) > 1 and self.floors[1][0] < time.time() - REFRESH:
            self.floors.popleft()

    def floor(self):
        return self.floors[0][1] if self.floors and self.floors[0][0] < time.time() - REFRESH else {}

    def judge(self, what, seen, floor, ceiling, keys=None):
        self.done[what] += 1
        self.done['rows judged'] += len(seen)
        self.wrong += [f'{what}: {text}' for text in self.model.wrong(seen, floor, ceiling, keys)]
        self.watchdog.moved()

    def rows(self, what, values):
        """{(k, c): version} of parsed rows; a row whose text is not that of its version is wrong by itself."""
        seen = {}
        for k, c, version, pad in values:
            if pad != text_of(k, c, version):
                self.wrong.append(f'{what}: row {(k, c)} of version {version} has another text: {pad[:80]!r}')
            if (k, c) in seen:
                self.wrong.append(f'{what}: row {(k, c)} appears twice')
            seen[k, c] = version
        return seen

    def json_rows(self, what, text):
        if text and not text.endswith('\n'):
            self.wrong.append(f'{what} ends in the middle of a line')
        rows = (json.loads(line) for line in text.split('\n') if line)
        return self.rows(what, ((r['k'], r['c'], r['v'], r['pad']) for r in rows))

    def csv_rows(self, what, text):
        records = list(compare_csv.records(text))[1:]
        return self.rows(what, ((int(r[0][0]), int(r[1][0]), int(r[3][0]), r[2][0]) for r in records))

    # ---- what is read ----

    def whole_json(self):
        floor = self.floor()
        text = (self.table / 'rows.jsonl').read_text()
        self.judge('rows.jsonl', self.json_rows('rows.jsonl', text), floor, self.model.ceiling())

    def whole_csv(self):
        floor = self.floor()
        text = (self.table / 'rows.csv').read_text()
        self.judge('rows.csv', self.csv_rows('rows.csv', text), floor, self.model.ceiling())

    def partition(self):
        k = self.rng.randrange(PARTITIONS)
        floor = self.floor()
        try:
            text = (self.table / 'jsonl' / f'{k}.jsonl').read_text()
        except FileNotFoundError:
            text = ''
        self.judge('partition file', self.json_rows(f'jsonl/{k}.jsonl', text), floor, self.model.ceiling(), [(k, c) for c in range(ROWS)])

    def listing(self):
        floor = self.floor()
        names = os.listdir(self.table / 'json')
        ceiling = self.model.ceiling()
        listed = {int(name.removesuffix('.json')) for name in names}
        self.done['listing'] += 1
        if len(listed) != len(names):
            self.wrong.append('a name is listed twice')
        for k in range(PARTITIONS):
            rows = [key for key in ((k, c) for c in range(ROWS)) if floor.get(key, 0)]
            if k not in listed and any(all(self.model.alive[key][floor[key] - 1:ceiling[key]]) for key in rows):
                self.wrong.append(f'json/{k}.json is not listed, but has a live row')
        self.watchdog.moved()

    def copied(self):
        """Each listed file is there, or its partition has been deleted since."""
        for name in os.listdir(self.table / 'csv')[:10]:
            floor = self.floor()
            try:
                text = (self.table / 'csv' / name).read_text()
            except FileNotFoundError:
                text = 'k,c,pad,v\n'
            k = int(name.removesuffix('.csv'))
            self.judge('csv file', self.csv_rows(f'csv/{name}', text), floor, self.model.ceiling(), [(k, c) for c in range(ROWS)])

    def held_open(self, flusher):
        """A file opened before a compaction goes on showing the SSTables of then."""
        floor = self.floor()
        with open(self.table / 'rows.jsonl', 'rb', buffering=0) as file:
            text = file.read(100)
            ceiling, before = self.model.ceiling(), flusher.compactions
            limit = time.time() + 25
            while flusher.compactions == before and time.time() < limit:
                time.sleep(0.2)
                self.watchdog.moved()
            compacted = flusher.compactions > before
            while block := file.read(1 << 16):
                text += block
        self.judge('file held open' + (' over a compaction' if compacted else ''), self.json_rows('a file held open', text.decode()), floor, ceiling)


def run(options, folder, server, mount):
    model, stop = Model(), threading.Event()
    writers = [Writer(server.session, model, n, 4, stop) for n in range(4)]
    flusher = Flusher(server, model, stop)
    reader = Reader(mount.point / 'live' / 't', model, Watchdog(mount.pid))
    holder = Reader(mount.point / 'live' / 't', model, reader.watchdog)
    for thread in [*writers, flusher]:
        thread.start()
    errors, samples = [], []

    def hold():
        while not stop.is_set():
            holder.note_floor()
            try:
                holder.held_open(flusher)
            except OSError as error:
                errors.append(f'a file held open: {error}')
    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    end = time.time() + options.seconds
    while time.time() < end:
        reader.note_floor()
        action = reader.rng.choice([reader.whole_json, reader.whole_csv, reader.partition, reader.partition, reader.partition, reader.listing, reader.copied])
        try:
            action()
        except (OSError, ValueError, KeyError, IndexError) as error:
            errors.append(f'{action.__name__}: {error!r}')
            if reader.watchdog.fired:
                break
        samples.append(sample(mount))
    stop.set()
    for thread in [*writers, flusher, holding]:
        thread.join(90)
        if thread.is_alive():
            errors.append(f'{thread} did not end')
    errors += [f'the server: {thread.error}' for thread in [*writers, flusher] if thread.error]
    reader.done += holder.done
    reader.wrong += holder.wrong
    print(f'{sum(w.written for w in writers)} statements, {flusher.flushes} flushes and {flusher.compactions} compactions asked for')
    print('read: ' + ', '.join(f'{n} × {what}' for what, n in sorted(reader.done.items())))
    growth, said = grown(samples)
    print(said)
    problems = errors + reader.wrong + growth + deleted_files(mount)
    needed = ('rows.jsonl', 'rows.csv', 'partition file', 'listing', 'csv file', 'file held open over a compaction', 'rows judged')
    problems += [f'nothing was read of: {what}' for what in needed if not reader.done[what]]
    if not flusher.compactions:
        problems.append('no compaction happened')
    reader.watchdog.done.set()
    return problems


def final_state(folder, server, mount):
    """In the end the mount must equal the server."""
    server.nodetool('flush', 'live')
    return differences(server, folder, mount, ('t',), 2 * REFRESH)


def main():
    arguments = argparse.ArgumentParser(prog='live_test', description=__doc__)
    arguments.add_argument('--seconds', type=int, default=45, help='how long to read (45)')
    arguments.add_argument('--version', default='oa', choices=['nb', 'oa', 'da'])
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    program = binary(options.binary)
    folder = Path(tempfile.mkdtemp(prefix='live_test.'))
    port = int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '19942'))
    with Server(folder / 'server', port) as server:
        server.start(options.version)
        server.execute("CREATE KEYSPACE live WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        # Flushed by the server itself every 1.5 s, and compacted as soon as two SSTables are alike.
        server.execute('CREATE TABLE live.t (k int, c int, v int, pad text, PRIMARY KEY (k, c)) WITH memtable_flush_period_in_ms = 1500 '
                       "AND compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 2}")
        server.nodetool('flush', 'system_schema')
        with Mount(program, server.data, folder / 'mnt', log=folder / 'mount.log') as mount:
            problems = run(options, folder, server, mount)
            problems += final_state(folder, server, mount)
    return conclude(problems, folder)


if __name__ == '__main__':
    sys.exit(main())
