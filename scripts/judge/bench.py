"""scripts/bench: sstablefs beside its peers."""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import bench_cqlite, bench_growth, bench_jobs, bench_mount, release
from .bench_data import SCRIPTS, Data
from .bench_measure import Table, Tool

ROOT = SCRIPTS.parent
ROWS = 874_697
JOBS = {
    'sstabledump': bench_jobs.sstabledump,
    'jsonl': lambda bench: bench_jobs.whole_table(bench, 'jsonl'),
    'csv': bench_cqlite.rows_csv,
    'select': bench_cqlite.select,
    'where': bench_mount.where,
    'empty': bench_mount.big_file,
    'lookup': bench_mount.lookup_job,
    'opens': bench_mount.opens_job,
    'list': bench_mount.list_job,
    'mount': bench_mount.mount_many,
    'import': bench_jobs.load,
    'shapes': bench_growth.shapes,
    'growth': bench_growth.growth,
}


class Bench:
    """What each job is given."""

    def __init__(self, options, folder):
        self.quick, self.runs, self.folder, self.scripts = options.quick, options.runs, folder, SCRIPTS
        made = None if options.binary and options.tool else release.optimized(with_meter=True)
        self.program = options.binary or made / 'sstablefs'
        self.tool = Tool(options.tool or made / 'sstablefs-bench')
        self.data = Data(folder, self.program, self.tool)
        self.scratch = Path(tempfile.mkdtemp(prefix='scratch.', dir=folder))
        self.points = 0
        self.table = Table()
        self.grids = []  # the other tables

    def point(self):
        """A folder for a mount, another one each time: the daemon of the mount before may still be ending."""
        self.points += 1
        point = self.scratch / f'mnt.{self.points}'
        point.mkdir()
        return point

    def readings(self):
        """The default table, written by Cassandra."""
        return self.data.table('readings', 20_000 if self.quick else ROWS, 'cassandra')

    def tiny(self):
        return self.data.table('tiny', 20_000 if self.quick else 1_000_000)


def machine():
    processor = next((line.split(':')[1].strip() for line in Path('/proc/cpuinfo').read_text().splitlines() if line.startswith('model name')), 'unknown')
    memory = int(Path('/proc/meminfo').read_text().split()[1]) / (1 << 20)
    commit = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=ROOT, stdout=subprocess.PIPE).stdout.decode().strip()
    load = ' '.join(Path('/proc/loadavg').read_text().split()[:3])
    return f'{os.cpu_count()} cores of {processor}, {memory:.0f} GiB, Linux {os.uname().release.split("-")[0]}; sstablefs at {commit}; load before {load}'


def main():
    arguments = argparse.ArgumentParser(prog='bench', description=__doc__)
    arguments.add_argument('--quick', action='store_true', help='small tables, one run')
    arguments.add_argument('--job', action='append', choices=JOBS, help='only this one; can be given several times')
    arguments.add_argument('--runs', type=int, help='how often each is measured (5)')
    arguments.add_argument('--binary', type=lambda p: Path(p).resolve(), help='the sstablefs to measure; else it is built')
    arguments.add_argument('--tool', type=lambda p: Path(p).resolve(), help="the sstablefs-bench of benches/ to measure with; else it is built")
    arguments.add_argument('--dir', type=Path, default=Path.home() / '.cache' / 'sstablefs' / 'bench', help='where data and peers are kept')
    arguments.add_argument('--list', action='store_true', help='the names of the jobs')
    options = arguments.parse_args()
    if options.list:
        print(*JOBS, sep='\n')
        return 0
    options.runs = options.runs or (1 if options.quick else 5)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = options.dir.resolve() / ('quick' if options.quick else 'full')
    folder.mkdir(parents=True, exist_ok=True)
    started, about = time.time(), machine()
    bench, failed = Bench(options, folder), []
    try:
        for name in options.job or JOBS:
            print(f'-- {name} ({time.time() - started:.0f} s)', file=sys.stderr, flush=True)
            try:
                JOBS[name](bench)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                failed.append(f'{name}: {error}')
                print(f'FAILS {failed[-1]}', file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(bench.scratch, ignore_errors=True)
    print(about, *([bench.table] if bench.table.lines else []), *bench.grids, sep='\n\n')
    print(f'\n{options.runs} run(s) of each, {time.time() - started:.0f} s in all')
    for failure in failed:
        print(f'FAILS {failure}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
