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
    """How many bytes and lines a program prints, and their hash."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    size, lines, hashed = 0, 0, hashlib.sha256()
    while block := process.stdout.read(BLOCK):
        size += len(block)
        lines += block.count(b'\n')
        hashed.update(block)
    if process.wait() != 0:
        raise RuntimeError(f'{command} ended with status {process.returncode}')
    return size, lines, hashed.hexdigest()


def dumped(bench, table, runs):
    """Samples of sstabledump -l, ours and Cassandra's, and how many bytes each prints: the same ones."""
    file, = table.data_files
    # Cassandra's tool may change what lies beside the file.
    copy = bench.scratch / 'dump'
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for component in file.parent.glob(file.name.removesuffix('Data.db') + '*'):
        shutil.copy(component, copy)
    env = bench.data.java_env('1g')
    ours = [bench.program, 'sstabledump', file, '-l']
    peer = [bench.scripts / 'cassandra', 'sstabledump', copy / file.name, '-l']
    printed = digest(ours)
    if digest(peer, env) != printed:
        raise RuntimeError(f'{table.name}: Cassandra prints another dump')
    a, b = alternate(runs, lambda: bench.tool.run(*ours)[0], lambda: bench.tool.run(*peer, env=env)[0], warm=False)
    shutil.rmtree(copy)
    return a, b, printed[0]


def sstabledump(bench):
    table = bench.readings()
    a, b, size = dumped(bench, table, bench.runs)
    row = Row('sstabledump -l', median(a), median(b), 'Cassandra', table.rows, size, peak(a), peak(b), cpu=cpu(a), peer_cpu=cpu(b))
    row.target, row.reached = f'20 x, {READ_LIMIT} MiB', row.ratio() >= 20 and row.rss <= READ_LIMIT
    bench.table.add(row)


def read_through(bench, mount, path):
    """dd's time for a file of the mount, with the daemon's peak of memory."""
    Path(f'/proc/{mount.pid}/clear_refs').write_text('5')
    before = daemon_cpu(mount)
    sample, said = bench.tool.run('dd', f'if={path}', 'of=/dev/null', 'bs=1M', env=dict(os.environ, LC_ALL='C'))
    size = int(re.search(r'^(\d+) bytes', said, re.M).group(1))
    return Sample(sample.seconds, mount.status('VmHWM') / 1024, cpu=sample.cpu + daemon_cpu(mount) - before, bytes=size)


def daemon_cpu(mount):
    fields = Path(f'/proc/{mount.pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def mounted(bench, table, *options):
    return Mount(bench.program, table.root, bench.point(), '--schema', table.schema, '--read-only', *options, log=bench.scratch / 'mount.log')


def text_of(bench, table, form, runs):
    """Samples of reading rows.FORM through a mount."""
    with mounted(bench, table) as mount:
        path = mount.point / 'bench' / table.name / f'rows.{form}'
        samples, = alternate(runs, lambda: read_through(bench, mount, path), warm=table.bytes < 5e8)
    return samples


def whole_table(bench, form, peer=None, peer_name=''):
    """rows.FORM through the mount; `peer` is a command that prints the table."""
    table = bench.readings()
    ours, theirs = [], []
    with mounted(bench, table) as mount:
        path = mount.point / 'bench' / table.name / f'rows.{form}'
        size, lines, _ = digest(['cat', path])
        if lines != table.rows + (form == 'csv'):
            raise RuntimeError(f'rows.{form} has {lines} lines')
        if peer:
            def again():
                # Behind the peer's ten seconds, a first time is slower by as much as a fifth.
                read_through(bench, mount, path)
                return read_through(bench, mount, path)

            ours, theirs = alternate(min(bench.runs, 3), again, lambda: bench.tool.run(*peer)[0])
        else:
            ours, = alternate(bench.runs, lambda: read_through(bench, mount, path), warm=False)
    row = Row(f'rows.{form} through the mount, dd bs=1M', median(ours), peer_name=peer_name, rows=table.rows, bytes=size, rss=peak(ours), cpu=cpu(ours))
    row.target = f'1 GB/s, {READ_LIMIT} MiB'
    row.reached = size / row.ours >= 1e9 and row.rss <= READ_LIMIT
    if peer:
        row.peer, row.peer_rss, row.peer_cpu = median(theirs), peak(theirs), cpu(theirs)
        row.target, row.reached = '40 x, ' + row.target, row.reached and row.ratio() >= 40
    bench.table.add(row)


def imported(bench, table, csv, out):
    """One run of import, into `out`."""
    shutil.rmtree(out, ignore_errors=True)
    empty = bench.scratch / 'empty' / 'bench' / f'{table.name}-{1:032x}'
    empty.mkdir(parents=True, exist_ok=True)
    return bench.tool.run(bench.program, 'import', empty.parent.parent, f'bench.{table.name}', csv, '--schema', table.schema, '--format', 'oa', '--out', out)[0]


def load(bench):
    """CSV to an SSTable. The writer's time is without the start of Java, ours is the whole of it."""
    table = bench.readings()
    csv = bench.data.csv(table.name, table.rows)
    out = bench.scratch / 'out'

    def peer():
        shutil.rmtree(out, ignore_errors=True)
        sample, said = bench.tool.run(*bench.data.java_command('write', table.name, csv, out), env=bench.data.java_env(), timeout=600)
        rows, seconds = re.search(r'(\d+) rows in ([\d.]+) s', said).groups()
        if int(rows) != table.rows:
            raise RuntimeError(f'CQLSSTableWriter took {rows} rows')
        sample.inner = float(seconds)
        return sample

    a, b = alternate(min(bench.runs, 3), lambda: imported(bench, table, csv, out), peer, warm=False)
    row = Row('CSV to an SSTable (import)', median(a), median(b), 'CQLSSTableWriter', table.rows, csv.stat().st_size, peak(a), peak(b), cpu=cpu(a), peer_cpu=cpu(b))
    # 128 MiB beside the memtable, which is 64.
    row.target, row.reached = '10 x, 192 MiB', row.ratio() >= 10 and row.rss <= 192
    bench.table.add(row)
    shutil.rmtree(out, ignore_errors=True)

