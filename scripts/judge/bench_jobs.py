"""The jobs of scripts/bench: each takes a `Bench` and adds rows to its table."""
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from .bench_measure import Row, Sample, alternate, cpu, median, peak
from .random_mount import Mount

READ_LIMIT = 64  # MiB, of every read
BLOCK = 1 << 20


def digest(command, env=None):
    """How many bytes a program prints, and their hash."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    size, hashed = 0, hashlib.sha256()
    while block := process.stdout.read(BLOCK):
        size += len(block)
        hashed.update(block)
    if process.wait() != 0:
        raise RuntimeError(f'{command} ended with status {process.returncode}')
    return size, hashed.hexdigest()


def sstabledump(bench, table=None, job='sstabledump -l', target=True):
    table = table or bench.readings()
    file = table.data_files[0]
    # Cassandra's tool may change what lies beside the file.
    copy = bench.scratch / 'dump'
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for component in file.parent.glob(file.name.removesuffix('Data.db') + '*'):
        shutil.copy(component, copy)
    env = bench.data.java_env('1g')
    ours = [bench.program, 'sstabledump', file, '-l']
    peer = [bench.scripts / 'cassandra', 'sstabledump', copy / file.name, '-l']
    size, hashed = digest(ours)
    if digest(peer, env) != (size, hashed):
        raise RuntimeError(f'{job}: Cassandra prints other bytes')
    a, b = alternate(bench.runs, lambda: bench.tool.run(*ours)[0], lambda: bench.tool.run(*peer, env=env)[0])
    row = Row(job, median(a), median(b), 'Cassandra', table.rows, size, peak(a), peak(b), cpu=cpu(a), peer_cpu=cpu(b))
    if target:
        row.target, row.reached = f'20 x, {READ_LIMIT} MiB', row.ratio() >= 20 and row.rss <= READ_LIMIT
    bench.table.add(row)
    shutil.rmtree(copy)


def read_through(bench, mount, path):
    """dd's time for a file of the mount, with the daemon's peak of memory."""
    Path(f'/proc/{mount.pid}/clear_refs').write_text('5')
    before = daemon_cpu(mount)
    sample, _ = bench.tool.run('dd', f'if={path}', 'of=/dev/null', 'bs=1M', 'status=none')
    return Sample(sample.seconds, mount.status('VmHWM') / 1024, cpu=sample.cpu + daemon_cpu(mount) - before)


def daemon_cpu(mount):
    fields = Path(f'/proc/{mount.pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def mounted(bench, table, *options):
    return Mount(bench.program, table.root, bench.point, '--schema', table.schema, '--read-only', *options, log=bench.scratch / 'mount.log')


def rows_jsonl(bench):
    whole_table(bench, 'jsonl')


def rows_csv(bench):
    whole_table(bench, 'csv')


def whole_table(bench, form):
    table = bench.readings()
    with mounted(bench, table) as mount:
        path = mount.point / 'bench' / table.name / f'rows.{form}'
        size, _ = digest(['cat', path])
        a, = alternate(bench.runs, lambda: read_through(bench, mount, path))
    row = Row(f'rows.{form} through the mount, dd bs=1M', median(a), rows=table.rows, bytes=size, rss=peak(a), cpu=cpu(a))
    row.target = f'1 GB/s, {READ_LIMIT} MiB'
    row.reached = size / row.ours >= 1e9 and row.rss <= READ_LIMIT
    bench.table.add(row)


def load(bench):
    """CSV to an SSTable. The writer's time is without the start of Java, ours is the whole of it."""
    table = bench.readings()
    csv = bench.data.csv(table.name, table.rows)
    empty = bench.scratch / 'empty' / 'bench' / f'{table.name}-{1:032x}'
    empty.mkdir(parents=True, exist_ok=True)
    out = bench.scratch / 'out'

    def ours():
        shutil.rmtree(out, ignore_errors=True)
        return bench.tool.run(bench.program, 'import', empty.parent.parent, f'bench.{table.name}', csv, '--schema', table.schema, '--format', 'oa', '--out', out)[0]

    def peer():
        shutil.rmtree(out, ignore_errors=True)
        sample, said = bench.tool.run(*bench.data.java_command('write', table.name, csv, out), env=bench.data.java_env(), timeout=600)
        rows, seconds = re.search(r'(\d+) rows in ([\d.]+) s', said).groups()
        if int(rows) != table.rows:
            raise RuntimeError(f'CQLSSTableWriter took {rows} rows')
        sample.inner = float(seconds)
        return sample

    a, b = alternate(min(bench.runs, 3), ours, peer, warm=False)
    row = Row('CSV to an SSTable (import)', median(a), median(b), 'CQLSSTableWriter', table.rows, csv.stat().st_size, peak(a), peak(b), cpu=cpu(a), peer_cpu=cpu(b))
    # 128 MiB beside the memtable, which is 64.
    row.target, row.reached = '10 x, 192 MiB', row.ratio() >= 10 and row.rss <= 192
    bench.table.add(row)
    shutil.rmtree(out, ignore_errors=True)


JOBS = {'sstabledump': sstabledump, 'jsonl': rows_jsonl, 'csv': rows_csv, 'import': load}
