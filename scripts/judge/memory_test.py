"""scripts/memory_test: peak memory of the mount while files of 1 GiB and more are read through it."""
import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from .random_mount import Mount, binary
from .server import SCRIPTS

LIMIT_MIB = 64
BLOCK = 1 << 20
STALL = 120  # seconds without a byte after which the daemon is taken for hung
SAMPLES = 40
DIRECTORIES = {'many': 'many-00000000000000000000000000000001', 'one': 'one-00000000000000000000000000000002'}


class Watchdog:
    """Kills the daemon when nothing moves: its readers then get an error, instead of waiting for ever."""

    def __init__(self, pid):
        self.pid, self.alive, self.fired = pid, time.time(), False
        self.done = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def moved(self):
        self.alive = time.time()

    def watch(self):
        while not self.done.wait(1):
            if time.time() - self.alive > STALL:
                self.fired = True
                print(f'nothing moved for {STALL} s: killing the daemon {self.pid}', flush=True)
                os.kill(self.pid, signal.SIGKILL)
                return


class MemoryTest:
    def __init__(self, mount, data, rows):
        self.mount, self.data, self.rows = mount, data, rows
        self.watchdog = Watchdog(mount.pid)
        self.failures, self.figures = [], []
        self.samples = {}

    def peak_reset(self):
        Path(f'/proc/{self.mount.pid}/clear_refs').write_text('5')

    def step(self, name, action):
        self.peak_reset()
        started = time.time()
        try:
            size = action()
        except OSError as error:
            self.failures.append(f'{name}: {error}')
            size = 0
            if self.watchdog.fired:
                raise SystemExit(f'{name}: the daemon hung')
        seconds = time.time() - started
        peak = self.mount.status('VmHWM') / 1024
        self.figures.append((name, size, seconds, peak))
        print(f'{name:36} {size / 2**20:8.0f} MiB {seconds:7.1f} s {size / 2**20 / max(seconds, 1e-3):7.0f} MiB/s   peak RSS {peak:6.1f} MiB', flush=True)
        if peak > LIMIT_MIB:
            self.failures.append(f'{name}: peak RSS of {peak:.1f} MiB, the limit is {LIMIT_MIB}')

    def expect(self, condition, text):
        if not condition:
            self.failures.append(text)

    # ---- readers ----

    def whole(self, path, lines=None, exact=False):
        """Reads a file from end to end and counts; keeps samples of it for `seek`."""
        size = newlines = 0
        kept, rng = [], random.Random(str(path))
        with open(path, 'rb', buffering=0) as file:
            while block := file.read(BLOCK):
                if rng.random() < 0.06 and len(block) >= 4096:
                    kept.append((size, hashlib.sha256(block[:4096]).digest()))
                size += len(block)
                newlines += block.count(b'\n')
                self.watchdog.moved()
        self.samples[path] = rng.sample(kept, min(SAMPLES, len(kept)))
        self.expect(lines is None or newlines == lines, f'{path}: {newlines} lines, {lines} expected')
        self.expect(size > 0, f'{path} is empty')
        if exact:
            self.expect(os.stat(path).st_size == size, f'{path}: stat says {os.stat(path).st_size} bytes, reading gives {size}')
        return size

    def seek(self, path):
        """Blocks at places in no order must be those of the sequential read."""
        total = 0
        with open(path, 'rb', buffering=0) as file:
            for offset, digest in self.samples.get(path, ()):
                block = b''
                while len(block) < 4096 and (part := os.pread(file.fileno(), 4096 - len(block), offset + len(block))):
                    block += part
                self.expect(hashlib.sha256(block).digest() == digest, f'{path}: other bytes at {offset} after a seek')
                total += len(block)
                self.watchdog.moved()
        self.expect(total > 0, f'{path}: no place was read again')
        return total

    def together(self, paths):
        sizes = []
        threads = [threading.Thread(target=lambda p=p: sizes.append(self.whole(p))) for p in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.expect(len(sizes) == len(paths), 'not every reader came to an end')
        return sum(sizes)

    def listing(self, folder):
        names = os.listdir(folder)
        self.watchdog.moved()
        self.expect(names, f'{folder} is empty')
        return sum(map(len, names))

    def run(self):
        for table in ('many', 'one'):
            root, rows = self.mount.point / self.data / table, self.rows[table]
            self.step(f'{table}/rows.jsonl', lambda: self.whole(root / 'rows.jsonl', rows))
            self.step(f'{table}/rows.jsonl, seeks', lambda: self.seek(root / 'rows.jsonl'))
            self.step(f'{table}/rows.csv', lambda: self.whole(root / 'rows.csv', rows + 1))
            self.step(f'{table}/rows.json', lambda: self.whole(root / 'rows.json'))
            self.step(f'{table}/json/, listed', lambda: self.listing(root / 'json'))
            for folder, lines in (('json', None), ('jsonl', rows), ('csv', rows + 1)):
                path = root / folder / f'key-0.{folder}'
                count = lines if table == 'one' else None
                self.step(f'{table}/{folder}/key-0.{folder}', lambda: self.whole(path, count, exact=True))
            if table == 'one':
                self.step('one/jsonl/key-0.jsonl, seeks', lambda: self.seek(root / 'jsonl' / 'key-0.jsonl'))
            for dump in sorted((root / 'sstables').glob('*/dump.jsonl')):
                self.step(f'{table}/sstables/{dump.parent.name}/dump.jsonl', lambda: self.whole(dump))
        point = self.mount.point / self.data
        self.step('four readers at once', lambda: self.together([point / 'many/rows.jsonl', point / 'many/rows.csv', point / 'one/rows.jsonl',
                                                                 point / 'one/jsonl/key-0.jsonl']))
        self.watchdog.done.set()


def make(folder, table, mib):
    """The table of that size, made once; returns how many rows it has."""
    out = folder / 'data' / 'memory' / DIRECTORIES[table]
    done = folder / f'{table}.{mib}'
    if not done.exists():
        shutil.rmtree(out, ignore_errors=True)
        started = time.time()
        result = subprocess.run([SCRIPTS / 'cassandra', 'java', SCRIPTS / 'oracle' / 'MemoryTable.java', out, table, str(mib)],
                                env=dict(os.environ, SSTABLEFS_CASSANDRA_HEAP='6g', SSTABLEFS_CASSANDRA_STATE=str(folder / 'state')),
                                timeout=900, stderr=subprocess.PIPE)
        said = result.stderr.decode(errors='replace')
        if result.returncode != 0 or ' rows in ' not in said:
            raise SystemExit(f'MemoryTable.java failed:\n{said[-3000:]}')
        done.write_text(said.split(' rows in ')[0].split()[-1])
        print(f'{said.strip().splitlines()[-1]}, written in {time.time() - started:.0f} s', flush=True)
    return int(done.read_text())


def main():
    arguments = argparse.ArgumentParser(prog='memory_test', description=__doc__)
    arguments.add_argument('--mib', type=int, default=1024, help='text in each of the two tables (1024)')
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    arguments.add_argument('--dir', type=Path, help='keep the tables here, for another run')
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    program = binary(options.binary)
    folder = options.dir or Path(tempfile.mkdtemp(prefix='memory_test.'))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        rows = {table: make(folder, table, options.mib) for table in ('many', 'one')}
        with tempfile.TemporaryDirectory(prefix='memory_test.mnt.') as point:
            with Mount(program, folder / 'data', point, log=folder / 'mount.log') as mount:
                test = MemoryTest(mount, 'memory', rows)
                test.run()
    finally:
        if not options.dir:
            shutil.rmtree(folder, ignore_errors=True)
    highest = max(peak for *_, peak in test.figures)
    print(f'highest peak RSS {highest:.1f} MiB of {LIMIT_MIB} allowed, in {len(test.figures)} steps')
    for failure in test.failures:
        print(f'FAILS {failure}')
    return 1 if test.failures else 0


if __name__ == '__main__':
    sys.exit(main())
