"""Is what was accepted into a staging folder still there after a crash?

In each round the daemon is killed with SIGKILL at a random moment while files are written: small and large ones, in one
go and in parts, under their name and renamed into place, bad ones, with fsync and flushes in between. The next mount of
the same directory must show every row of every file whose close (or rename) returned without an error, all or no rows of
those that were cut short, and no other row; each row must be in one SSTable only. After 25 rounds Cassandra's
sstableverify has to find every SSTable sound, and it begins with an empty table again.
"""
import argparse
import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from . import staged
from .random_mount import ROOT, Mount, binary
from .server import SCRIPTS, Server

TABLE = 'places/leveled'
HEADER = 'k,v\n'
WRITERS = 3
MEMTABLE_MIB = 1
GENERATION = 25
ROW = re.compile(r'file (\d+) row (\d+)')


class Files:
    """What was written: number of a file -> how many rows it has, and what its close said."""

    def __init__(self):
        self.lock, self.next, self.accepted, self.open, self.bad = threading.Lock(), 0, {}, {}, set()
        # Rows in front of a close in between, and what went wrong while the mount lived.
        self.first, self.faults = {}, []

    def begin(self, rows, bad):
        with self.lock:
            self.next += 1
            self.open[self.next] = rows
            if bad:
                self.bad.add(self.next)
            return self.next

    def end(self, number, accepted):
        with self.lock:
            rows = self.open.pop(number)
            if accepted:
                self.accepted[number] = rows


def text(number, rows, bad):
    lines = [f'{number * 100_000 + row},file {number} row {row}\n' for row in range(rows)]
    if bad:
        lines.insert(random.randrange(len(lines) + 1), 'no number,x\n')
    return HEADER + ''.join(lines)


def put(staging, files, number, content, rng):
    """Writes a file; an OSError when it was not accepted."""
    hidden, parts, sync = rng.random() < 0.3, rng.random() < 0.3 and number not in files.bad, rng.random() < 0.2
    cut = content.index('\n', len(content) // 2) + 1 if parts else None
    if parts:
        files.first[number] = content[:cut].count('\n') - 1
    staged.put(staging, f'{number}.csv', content.encode(), hidden, sync, cut)


def write(staging, files, seed, end):
    rng = random.Random(seed)
    while not end.is_set():
        rows = rng.choice([1, 3, 10, 40, 40, 400, 400, 4_000, 30_000] if rng.random() < 0.3 else [1, 5, 20])
        bad = rng.random() < 0.1
        number = files.begin(rows, bad)
        try:
            put(staging, files, number, text(number, rows, bad), rng)
        except OSError as e:
            # The mount is gone: then all of it or nothing may be there.
            if e.errno in (errno.ENOTCONN, errno.ECONNABORTED):
                return
            if not bad or e.errno != errno.EINVAL:
                files.faults.append(f'file {number}: {e}')
            continue
        if bad:
            files.faults.append(f'file {number} is bad, but its close said nothing')
        files.end(number, True)
        if rng.random() < 0.1:
            try:
                (staging / '.flush').touch()
            except OSError:
                pass
        time.sleep(rng.random() * 0.05)


def check(mount, files):
    """What is wrong with the rows that a mount shows."""
    table = mount.point / TABLE
    seen = {}
    for line in (table / 'rows.jsonl').read_text().splitlines():
        found = ROW.match(json.loads(line)['v'] or '')
        if not found:
            return [f'a row that nobody wrote: {line}']
        rows = seen.setdefault(int(found[1]), set())
        rows.add(int(found[2]))
    faults = files.faults
    for number, rows in files.accepted.items():
        if len(seen.get(number, ())) != rows:
            faults.append(f'file {number} was accepted, but {len(seen.get(number, ()))} of its {rows} rows are there')
    for number, rows in seen.items():
        if number in files.bad:
            faults.append(f'file {number} is bad, but rows of it are there')
        elif number not in files.accepted:
            wanted = files.open.get(number)
            if len(rows) not in (wanted, files.first.get(number)):
                faults.append(f'file {number} was cut short, and {len(rows)} of its {wanted} rows are there')
            else:
                files.accepted[number] = len(rows)
    # Rows are counted in each SSTable for itself.
    info = json.loads((table / 'info.json').read_text())
    stored, shown = info['rows_at_most'] + info['pending']['rows'], sum(map(len, seen.values()))
    if stored != shown:
        faults.append(f'{stored} rows are stored, {shown} shown: some are there twice')
    if info['problems']:
        faults.append(f'problems: {info["problems"]}')
    return faults


def verify(data, port):
    """How many SSTables there are, and what sstableverify and sstabledump have against them."""
    files = sorted((data / TABLE.split('/')[0]).rglob('*-Data.db'))
    with tempfile.TemporaryDirectory(prefix='kill_test.') as scratch:
        server = Server(Path(scratch) / 'server', port)
        shutil.copytree(data, server.data, dirs_exist_ok=True)
        files = [server.data / f.relative_to(data) for f in files]
        names = TABLE.replace('/', '\t')
        lines = ''.join(f'{names}\t{file}\t{scratch}/{number}.dump\t{file}\n' for number, file in enumerate(files))
        said = server.run('java', SCRIPTS / 'oracle' / 'Verify.java', timeout=1200, input=lines.encode()).decode()
    answers = dict(line.split('\t', 1) for line in said.splitlines() if line.count('\t') == 1)
    verdicts = [(file, answers.get(str(file), 'the verifier says nothing')) for file in files]
    return len(files), [f'{file.name}: {verdict}' for file, verdict in verdicts if verdict not in ('ok', 'ambiguous')]


def prepare(folder):
    """A data directory with the schema of the golden cases and an empty table."""
    keyspace, table = TABLE.split('/')
    golden = ROOT / 'testdata' / 'oa' / 'data'
    for system in ('system', 'system_schema'):
        if (golden / system).exists():
            shutil.copytree(golden / system, folder / system)
    name = next(p.name for p in (golden / keyspace).iterdir() if p.name.startswith(f'{table}-'))
    (folder / keyspace / name).mkdir(parents=True)
    return folder / keyspace / name


def run(program, folder, files, rounds, rng):
    """Kills the mount so many times; the number of the round and what is wrong behind it."""
    point = folder / 'mnt'
    for round_ in range(rounds + 1):
        with Mount(program, folder / 'data', point, '--memtable', MEMTABLE_MIB, log=folder / 'mount.log') as mount:
            faults = check(mount, files)
            files.open.clear()
            if faults or round_ == rounds:
                return [(round_, fault) for fault in faults]
            end = threading.Event()
            staging = mount.point / TABLE / 'staging'
            seeds = [rng.random() for _ in range(WRITERS)]
            writers = [threading.Thread(target=write, args=(staging, files, seed, end)) for seed in seeds]
            for writer in writers:
                writer.start()
            time.sleep(rng.random() * rng.choice([0.2, 1.0, 2.5]))
            os.kill(mount.pid, signal.SIGKILL)
            end.set()
            mount.process.wait(10)
            for writer in writers:
                writer.join(20)
            subprocess.run(['fusermount3', '-u', '-z', str(point)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return []


def main():
    parser = argparse.ArgumentParser(prog='kill_test', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--binary')
    parser.add_argument('--dir', type=Path, help='is kept')
    parser.add_argument('--no-cassandra', action='store_true', help='without sstableverify at the end')
    parser.add_argument('--port', type=int, default=19942)
    arguments = parser.parse_args()
    program = binary(arguments.binary)
    print(f'kill_test --rounds {arguments.rounds} --seed {arguments.seed}', flush=True)
    rng = random.Random(arguments.seed)
    folder = arguments.dir or Path(tempfile.mkdtemp(prefix='kill_test.'))
    kills, accepted, rows, bad, verified, faults = 0, 0, 0, 0, 0, []
    while kills < arguments.rounds and not faults:
        # Not too much to read again after each.
        rounds = min(GENERATION, arguments.rounds - kills)
        data = folder / 'data'
        shutil.rmtree(data, ignore_errors=True)
        prepare(data)
        files = Files()
        faults = [f'round {kills + n}: {fault}' for n, fault in run(program, folder, files, rounds, rng)]
        kills += rounds
        accepted, rows, bad = accepted + len(files.accepted), rows + sum(files.accepted.values()), bad + len(files.bad)
        if not faults and not arguments.no_cassandra:
            count, faults = verify(data, arguments.port)
            verified += count
        print(f'{kills} kills, {accepted} files accepted with {rows} rows, {bad} bad ones, {verified} SSTables verified: '
              f'{len(faults)} faults', flush=True)
    for fault in faults[:20]:
        print(f'  {fault}')
    if not arguments.dir:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults or not accepted or not bad else 0)


if __name__ == '__main__':
    main()
