"""Jobs on single files and folders of a mount, beside a FUSE file system of nothing."""
import contextlib
import itertools
import os
import random
import shutil
import statistics
import subprocess
import time
from datetime import date, timedelta

from .bench_jobs import READ_LIMIT, digest, mounted, read_through
from .bench_measure import Row, Sample, alternate, cpu, median, peak

FILES = 2000  # opened in each round
ROUNDS = 4  # the first time, and again


def keys(table, count, seed=5):
    """Texts of some keys of a table, in no order."""
    rng = random.Random(seed)
    if table.name == 'tiny':
        return [f'key-{n:09}' for n in rng.sample(range(table.rows), min(count, table.rows))]
    partitions = (table.rows + 99) // 100
    picked = rng.sample(range(partitions), min(count, partitions))
    return [f'sensor-{p // 365:06}:{date(2024, 1, 1) + timedelta(days=p % 365)}' for p in picked]


class EmptyMount:
    """benches/'s file system of nothing."""

    def __init__(self, bench, names, small, big=1 << 30):
        self.point = bench.point()
        self.command = [str(bench.tool.program), 'empty', str(self.point), str(names), str(small), str(big)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(1000):
            if os.path.ismount(self.point):
                self.pid = self.process.pid
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.__exit__()
        raise RuntimeError('the empty file system was not mounted')

    def status(self, field):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field + ':'))

    def __exit__(self, *_):
        subprocess.run(['fusermount3', '-u', '-z', str(self.point)], check=False, stderr=subprocess.DEVNULL, timeout=20)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def opens(bench, mount, folder, names):
    """Nanoseconds of open, read and close: the first time, and again."""
    path = bench.scratch / 'names'
    path.write_text('\n'.join(names))
    answer, _ = bench.tool.ask('opens', mount.point / folder, path, ROUNDS)
    return answer['nanos'][0], statistics.median(answer['nanos'][1:]), answer['bytes'] // answer['files'], mount.status('VmHWM') / 1024


def open_read_close(bench, table, count, in_order=False):
    """First and again, ours and the empty file system's, in seconds: ((ours, theirs), (ours, theirs)); size, peak of memory, files.
    `in_order`: as they are listed, which is what find and grep do; else at random."""
    names = [f'{key}.jsonl' for key in keys(table, count)]
    small = 0
    samples = ([], []), ([], [])
    memory = []
    for turn in range(bench.runs + 1):
        with mounted(bench, table) as mount:
            if in_order:
                with os.scandir(mount.point / 'bench' / table.name / 'jsonl') as listing:
                    names = [entry.name for entry in itertools.islice(listing, count)]
            first, again, small, rss = opens(bench, mount, f'bench/{table.name}/jsonl', names)
        with EmptyMount(bench, len(names), small) as empty:
            theirs = opens(bench, empty, 'names', [f'key-{n:09}.jsonl' for n in range(len(names))])
        if turn:
            for kept, pair in zip(samples, ((first, theirs[0]), (again, theirs[1]))):
                kept[0].append(pair[0])
                kept[1].append(pair[1])
            memory.append(rss)
    return [[statistics.median(side) / 1e9 for side in kept] for kept in samples], small, max(memory), len(names)


def opens_job(bench):
    # Two thousand of a hundred rows are more text than the daemon keeps.
    jobs = ((bench.tiny(), FILES, 'one row', False), (bench.readings(), FILES // 10, 'a hundred rows', False), (bench.readings(), FILES, 'a hundred rows', False),
            (bench.readings(), FILES, 'a hundred rows, in the order of the listing', True))
    for table, count, what, in_order in jobs:
        times, size, rss, opened = open_read_close(bench, table, count, in_order)
        for when, (ours, theirs) in zip(('first', 'again'), times):
            row = Row(f'{opened:,} partition files of {what}, {size:,} bytes: open, read, close one, {when}', ours, theirs, 'empty FUSE', rss=rss)
            row.target, row.reached = 'at most 1.5 x the empty one', ours <= 1.5 * theirs
            bench.table.add(row)


def lookup(bench, table, part):
    """Seconds for one partition in the engine, when all have been read before, and of CPU."""
    path = bench.scratch / 'keys'
    path.write_text('\n'.join(keys(table, FILES)))
    answer, _ = bench.tool.ask('lookup', table.root, table.schema, f'bench.{table.name}', path, part, 2 * bench.runs + 1)
    return statistics.median(answer['nanos'][1:]) / 1e9, answer['cpu']


def lookup_job(bench):
    for table, part, what in ((bench.tiny(), 'all', 'its one row'), (bench.readings(), 'row', 'the first of its hundred rows'), (bench.readings(), 'all', 'its hundred rows')):
        seconds, spent = lookup(bench, table, part)
        row = Row(f'partition by key in the engine, {what}', seconds, cpu=spent)
        if part == 'all' and table.name == 'readings':
            row.target = '-'
        else:
            row.target, row.reached = '10 us', seconds <= 10e-6
        bench.table.add(row)


def list_job(bench):
    table = bench.tiny()

    def listed(mount, folder):
        answer, _ = bench.tool.ask('list', mount.point / folder)
        if answer['names'] != table.rows:
            raise RuntimeError(f'{answer["names"]} names, {table.rows} expected')
        return Sample(answer['seconds'], mount.status('VmHWM') / 1024)

    def ours():
        with mounted(bench, table) as mount:
            return listed(mount, f'bench/{table.name}/jsonl')

    def theirs():
        with EmptyMount(bench, table.rows, 30) as empty:
            return listed(empty, 'names')

    a, b = alternate(bench.runs, ours, theirs)
    row = Row(f'list {table.rows:,} keys', median(a), median(b), 'empty FUSE', table.rows, rss=peak(a))
    row.target, row.reached = f'1 s, {READ_LIMIT} MiB', row.ours <= 1 and row.rss <= READ_LIMIT
    bench.table.add(row)


def where(bench):
    """The filter of the command's job, as a path."""
    table = bench.readings()
    with mounted(bench, table) as mount:
        path = mount.point / 'bench' / table.name / 'where' / 'value>250' / 'rows.csv'
        a, = alternate(bench.runs, lambda: read_through(bench, mount, path))
    row = Row('where/value>250/rows.csv through the mount, dd bs=1M', median(a), rows=table.rows, rss=peak(a), cpu=cpu(a))
    row.target, row.reached = f'{READ_LIMIT} MiB', row.rss <= READ_LIMIT
    bench.table.add(row)


def big_file(bench):
    """What a file of nothing reads at: the limit of rows.jsonl."""
    size = 1 << (26 if bench.quick else 30)
    with EmptyMount(bench, 1, 1, size) as empty:
        a, = alternate(bench.runs, lambda: read_through(bench, empty, empty.point / 'big'))
    bench.table.add(Row('for comparison: the empty FUSE file, dd bs=1M', median(a), bytes=size, cpu=cpu(a)))


@contextlib.contextmanager
def mounted_seconds(bench, root, schema, point):
    """A mount in the background, as users make it; gives the time at which its command was started."""
    started = time.perf_counter()
    result = subprocess.run([str(bench.program), 'mount', str(root), str(point), '--schema', str(schema), '--read-only'], timeout=60,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if result.returncode != 0:
        raise RuntimeError(f'mount of {root} ended with status {result.returncode}')
    try:
        yield started
    finally:
        subprocess.run(['fusermount3', '-u', '-z', str(point)], check=True, timeout=20)


def mount_many(bench):
    """A folder of 1,000 SSTables: one under 1,000 names."""
    table = bench.data.table('readings', 1000)
    root = bench.scratch / 'many'
    folder = root / 'bench' / table.folder.name
    folder.mkdir(parents=True)
    version, _, form = table.data_files[0].name.split('-')[:3]
    for number in range(1, 1001):
        for component in table.folder.glob(f'{version}-*'):
            os.link(component, folder / f'{version}-{number}-{form}-{component.name.split("-")[-1]}')
    key = keys(table, 1)[0]

    def once(then):
        point = bench.point()
        with mounted_seconds(bench, root, table.schema, point) as started:
            then(point / 'bench' / table.name)
            return Sample(time.perf_counter() - started)

    def read_key(folder):
        size, _, _ = digest(['cat', folder / 'jsonl' / f'{key}.jsonl'])
        if size == 0:
            raise RuntimeError(f'{key} is empty')

    a, b = alternate(bench.runs, lambda: once(os.listdir), lambda: once(read_key))
    bench.table.add(Row('mount 1,000 SSTables and list the table', median(a), target='100 ms', reached=median(a) <= 0.1))
    bench.table.add(Row('the same, and read a partition that is in each of them', median(b)))
    shutil.rmtree(root)
