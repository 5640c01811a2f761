"""scripts/faults_test: what a mount does when the system refuses: no descriptors, no space, no quota, a clock that is set back."""
import argparse
import concurrent.futures
import errno
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .random_mount import ROOT, Mount, binary

SCHEMA = """CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
CREATE TABLE ks.t (k int PRIMARY KEY, v text);
"""
FOLDER = 'ks/t-00000000000000000000000000000001'
ROWS = 40
# Descriptors that a mount may have. It begins with the first, and raises that to what it may: the limits are set while it runs.
LIMITS = (24, 120, 300)


class Broken(Exception):
    """What should not be."""


def expect(condition, text):
    if not condition:
        raise Broken(text)


class LimitedMount(Mount):
    """A mount with words in front of its command, or another environment."""

    def __init__(self, before, program, data, point, *options, environment=None, log=None):
        super().__init__(program, data, point, *options, log=log)
        self.command = [*before, *self.command]
        self.environment = environment or {}

    def __enter__(self):
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            return super().__enter__()
        finally:
            os.environ.clear()
            os.environ.update(before)


class Table:
    """A table of files that were staged, and what their closes said."""

    def __init__(self, data):
        self.data, self.accepted, self.refused = data, {}, []
        (data / FOLDER).mkdir(parents=True, exist_ok=True)
        self.schema = data.parent / f'{data.name}.cql'
        self.schema.write_text(SCHEMA)

    def text(self, number):
        rng = random.Random(number)
        return [(number * ROWS + i, f'{number}/{i} ' + rng.randbytes(400).hex()) for i in range(ROWS)]

    def put(self, mount, number):
        """None, or the errno with which it was refused."""
        path = mount.point / 'ks' / 't' / 'staging' / f'{number}.csv'
        data = ('k,v\n' + ''.join(f'{k},{v}\n' for k, v in self.text(number))).encode()
        fd = -1
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            while data:
                data = data[os.write(fd, data):]
            closing, fd = fd, -1
            os.close(closing)
        except OSError as error:
            if fd >= 0:
                try:
                    os.close(fd)
                except OSError:
                    pass
            self.refused.append(number)
            return error.errno
        self.accepted[number] = True
        return None

    def check(self, mount, when):
        """Every row of what was accepted, and no other."""
        rows = {}
        for line in (mount.point / 'ks' / 't' / 'rows.jsonl').read_text().splitlines():
            row = json.loads(line)
            rows[row['k']] = row['v']
        wanted = {k: v for number in self.accepted for k, v in self.text(number)}
        missing, other = len(wanted.keys() - rows.keys()), len(rows.keys() - wanted.keys())
        expect(rows == wanted, f'{when}: {missing} accepted rows are missing, {other} others are there')

    def verify(self, program):
        run = subprocess.run([program, 'verify', self.data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect(run.returncode == 0, f'verify: {run.stdout.decode()[-1000:]}')


def full(program, folder, disk, wanted):
    """A disk that becomes full while files are staged, with a MiB in reserve that is given back later."""
    reserve = disk / 'reserve'
    reserve.write_bytes(os.urandom(1 << 20))
    os.sync()
    table = Table(disk / 'data')
    seen = []
    with Mount(program, table.data, folder / 'mnt', '--schema', table.schema, log=folder / 'mount.log') as mount:
        for number in range(200):
            refused = table.put(mount, number)
            if refused is None:
                continue
            seen.append(refused)
            table.check(mount, f'after file {number} was refused')
            if len(seen) == 5:
                break
            time.sleep(0.7)
        expect(len(seen) == 5, f'the disk was never full: {len(table.accepted)} files were accepted')
        expect(set(seen) == {wanted}, f'refused with {[errno.errorcode.get(n, n) for n in seen]}')
        expect(table.accepted, 'nothing was accepted before')
        before = len(table.accepted)
    with Mount(program, table.data, folder / 'mnt', '--schema', table.schema, log=folder / 'mount2.log') as mount:
        table.check(mount, 'after another mount')
        reserve.unlink()
        os.sync()
        for number in table.refused[:3]:
            refused = table.put(mount, number)
            expect(refused is None, f'with space again, file {number} is refused: {errno.errorcode.get(refused, refused)}')
        table.check(mount, 'with space again')
        expect(mount.process.poll() is None, 'the daemon is gone')
    table.verify(program)
    with Mount(program, table.data, folder / 'mnt', '--schema', table.schema) as mount:
        table.check(mount, 'in the end')
    return f'{before} files accepted, then {len(seen)} refused with {errno.errorcode[wanted]}; {len(table.accepted) - before} more with space again'


def mounted(folder, *words):
    folder.mkdir()
    as_root = [] if os.getuid() == 0 else ['sudo', '-n']
    subprocess.run([*as_root, 'mount', *words, str(folder)], check=True)
    if as_root:
        subprocess.run([*as_root, 'chmod', '777', str(folder)], check=True)
    return lambda: subprocess.run([*as_root, 'umount', str(folder)], check=False)


def no_space(program, folder):
    end = mounted(folder / 'disk', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs')
    try:
        return full(program, folder, folder / 'disk', errno.ENOSPC)
    finally:
        end()


def no_quota(program, folder):
    """A group of btrfs with a limit: its errno is another one."""
    image = folder / 'image'
    with open(image, 'wb') as file:
        file.truncate(256 << 20)
    subprocess.run(['mkfs.btrfs', '-q', image], check=True, stdout=subprocess.DEVNULL)
    end = mounted(folder / 'disk', '-o', 'loop', str(image))
    try:
        run = lambda *words: subprocess.run(['btrfs', *map(str, words)], check=True, stdout=subprocess.DEVNULL)
        run('subvolume', 'create', folder / 'disk' / 'limited')
        run('quota', 'enable', folder / 'disk')
        run('quota', 'rescan', '-w', folder / 'disk')
        run('qgroup', 'limit', str(3 << 20), folder / 'disk' / 'limited')
        return full(program, folder, folder / 'disk' / 'limited', errno.EDQUOT)
    finally:
        end()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def no_descriptors(program, folder):
    """So few descriptors that most tables can't be opened: an error that says so, or the right text; all is well with more."""
    data = folder / 'data'
    shutil.copytree(ROOT / 'testdata' / 'oa' / 'data', data)
    table = Table(data)
    paths = []
    # Of each table some; all are opened again and again.
    with Mount(program, data, folder / 'mnt', '--now', 1_800_000_000) as mount:
        for place in sorted(mount.point.glob('*/*/rows.csv')):
            if place.parent.parent.name != 'cql' and not place.parent.parent.name.startswith('system'):
                keys = sorted((place.parent / 'json').iterdir())[:3]
                paths += [path.relative_to(mount.point) for path in (place, place.parent / 'info.json', *keys) if path.name != 'info.json']
        wanted = {path: digest(mount.point / path) for path in paths}
        idle = mount.open_files()
    expect(len(wanted) > 100, f'only {len(wanted)} files')

    def read(mount, path):
        try:
            return digest(mount.point / path)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.EIO):
                raise
            return error.errno
    said = []
    before = ['prlimit', f'--nofile={LIMITS[0]}:4096']
    with LimitedMount(before, program, data, folder / 'mnt', '--now', 1_800_000_000, '--schema', table.schema, log=folder / 'mount.log') as mount:
        for turn, limit in enumerate(LIMITS):
            resource.prlimit(mount.pid, resource.RLIMIT_NOFILE, (limit, 4096))
            for number in range(20 * turn, 20 * turn + 20):
                refused = table.put(mount, number)
                expect(refused in (None, errno.EMFILE, errno.ENFILE, errno.EIO), f'file {number} is refused with {errno.errorcode.get(refused, refused)}')
            errors, right = 0, 0
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for path, found in zip(paths, pool.map(lambda path: read(mount, path), paths)):
                    if isinstance(found, int):
                        errors += 1
                    else:
                        right += 1
                        expect(found == wanted[path], f'{path} has another text with {limit} descriptors')
            expect(mount.process.poll() is None, 'the daemon is gone')
            expect((right > 5 or limit == LIMITS[0]) and errors > 5, f'{right} reads right, {errors} refused: a limit of {limit} tells nothing')
            said.append(f'limit {limit}: {right} reads right, {errors} refused')
        resource.prlimit(mount.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        for path in paths:
            expect(digest(mount.point / path) == wanted[path], f'{path} has another text after that')
        if table.refused:
            expect(table.put(mount, table.refused[0]) is None, 'staging does not go on')
        table.check(mount, 'with descriptors again')
    with Mount(program, data, folder / 'mnt', '--schema', table.schema, '--now', 1_800_000_000) as mount:
        table.check(mount, 'in the end')
    return f'{"; ".join(said)} ({idle} would be open); {len(table.accepted)} files staged, {len(table.refused)} refused'


def clock(program, folder):
    """What is written after the clock was set back counts nevertheless; also behind a crash and another mount."""
    library = next((p for p in Path('/usr/lib').glob('*/faketime/libfaketime.so.1')), None)
    expect(library, 'libfaketime is not installed')
    at = folder / 'clock'
    environment = {'LD_PRELOAD': str(library), 'FAKETIME_TIMESTAMP_FILE': str(at), 'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}
    (folder / 'data').mkdir()
    table = Table(folder / 'data')

    def write(mount, text):
        with open(mount.point / 'ks' / 't' / 'staging' / 'one.csv', 'w') as file:
            file.write(f'k,v\n1,{text}\n')
        shown = (mount.point / 'ks' / 't' / 'rows.csv').read_text()
        expect(shown == f'k,v\n1,{text}\n', f'{text} was written, shown is {shown!r}')
    point = folder / 'mnt'
    limited = lambda: LimitedMount([], program, table.data, point, '--schema', table.schema, environment=environment, log=folder / 'mount.log')
    at.write_text('+0\n')
    with limited() as mount:
        write(mount, 'now')
        at.write_text('-400d\n')
        write(mount, 'a year ago')
        write(mount, 'a year ago again')
        os.kill(mount.pid, signal.SIGKILL)
        mount.process.wait(10)
        subprocess.run(['fusermount3', '-u', '-z', str(point)], check=False, stderr=subprocess.DEVNULL)
    at.write_text('-1h\n')
    with limited() as mount:
        write(mount, 'behind a crash')
        (mount.point / 'ks' / 't' / 'staging' / '.flush').touch()
        at.write_text('-5h\n')
        write(mount, 'behind a flush')
    with limited() as mount:
        write(mount, 'behind another mount')
    return 'six times the text that was written last is shown'


PARTS = {'descriptors': no_descriptors, 'space': no_space, 'quota': no_quota, 'clock': clock}


def main():
    parser = argparse.ArgumentParser(prog='faults_test', description=__doc__)
    parser.add_argument('parts', nargs='*', metavar='PART', help=f'of {", ".join(PARTS)}; all by default')
    parser.add_argument('--binary')
    options = parser.parse_args()
    program, failed = binary(options.binary), 0
    for name in options.parts or PARTS:
        folder = Path(tempfile.mkdtemp(prefix=f'faults_test.{name}.'))
        started = time.time()
        try:
            said = PARTS[name](program, folder)
            shutil.rmtree(folder)
        except (Broken, OSError, RuntimeError, ValueError, KeyError, subprocess.CalledProcessError) as error:
            failed += 1
            said = f'FAILS {error!r}; see {folder}'
        print(f'{name:12} {said} ({time.time() - started:.0f} s)', flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
