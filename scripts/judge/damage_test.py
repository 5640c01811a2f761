"""scripts/damage_test: damaged copies of golden SSTables; what Cassandra's sstableverify -e finds, `sstablefs verify` has to find."""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .random_mount import ROOT, binary
from .server import SCRIPTS, Server

VERSIONS = ('ma', 'mb', 'mc', 'md', 'me', 'na', 'nb40', 'nb41', 'nb', 'oa', 'da')
# Tables of each version that are small, and have between them: several blocks of rows, codecs and none, range tombstones,
# statics, counters.
TABLES = ('sizes.wide', 'sizes.wide_plain', 'legacy.wide', 'legacy.codecs', 'deletions.overlaps', 'statics.plain', 'statics.counted')
LARGEST = 1 << 20
PAGE = 4096
# Without Data.db there is no SSTable to ask Cassandra about.
NEEDED = ('Data.db', 'Index.db', 'Partitions.db')
SECONDS = 1500


class Damage:
    """A changed copy of an SSTable's component. None as its bytes: the component is missing."""

    def __init__(self, source, component, what, change):
        self.source, self.component, self.what, self.change = source, component, what, change

    def make(self, folder):
        """Writes the damaged SSTable; its Data file."""
        folder.mkdir(parents=True)
        prefix = self.source.name.removesuffix('Data.db')
        for path in self.source.parent.glob(f'{prefix}*'):
            if path.name != prefix + self.component:
                shutil.copy(path, folder / path.name)
                continue
            changed = self.change(path.read_bytes())
            if changed is not None:
                (folder / path.name).write_bytes(changed)
        return folder / self.source.name

    @property
    def where(self):
        return f'{self.source.relative_to(ROOT / "testdata")}: {self.component} {self.what}'


def flip(at, mask):
    return lambda data: data[:at] + bytes([data[at] ^ mask]) + data[at + 1:]


def zero(at, length):
    return lambda data: data[:at] + bytes(len(data[at:at + length])) + data[at + length:]


def swap(a, b):
    """Two stretches (start, end) change their places; the first is before the second."""
    return lambda data: data[:a[0]] + data[b[0]:b[1]] + data[a[1]:b[0]] + data[a[0]:a[1]] + data[b[1]:]


def chunks(source):
    """(start, end) of the chunks in a compressed Data file; pages of a plain one."""
    info, length = source.with_name(source.name.replace('Data.db', 'CompressionInfo.db')), source.stat().st_size
    if not info.exists():
        return [(at, min(at + PAGE, length)) for at in range(0, length, PAGE)]
    data = info.read_bytes()
    # The offsets of the chunks are at the end, with their number before: the only one that fits.
    for count in range(1, len(data) // 8 + 1):
        at = len(data) - 8 * count
        if struct.unpack_from('>i', data, at - 4)[0] == count and struct.unpack_from('>q', data, at)[0] == 0:
            starts = struct.unpack_from(f'>{count}q', data, at)
            return list(zip(starts, [*starts[1:], length]))
    raise ValueError(f'{info}: no chunks')


def damages(source, count, rng):
    """About `count` ways to damage each component of an SSTable."""
    prefix = source.name.removesuffix('Data.db')
    for path in sorted(source.parent.glob(f'{prefix}*')):
        component = path.name.removeprefix(prefix)
        if component.startswith('SAI'):
            continue
        data = path.read_bytes()
        length = len(data)
        if component not in NEEDED:
            yield Damage(source, component, 'missing', lambda _: None)
        if not data:
            continue
        for _ in range(count):
            at, mask = rng.randrange(length), rng.choice([0xff, 1 << rng.randrange(8)])
            yield Damage(source, component, f'byte {at} ^ {mask:#x}', flip(at, mask))
        for cut in {0, length - 1, *(rng.randrange(length) for _ in range(count // 4))}:
            yield Damage(source, component, f'cut at {cut}', lambda data, cut=cut: data[:cut])
        for _ in range(max(1, count // 8)):
            at = rng.randrange(0, length, PAGE)
            if any(data[at:at + PAGE]):
                yield Damage(source, component, f'page at {at} zeroed', zero(at, PAGE))
        yield Damage(source, component, 'with a byte more', lambda data: data + b'\x01')
        if component == 'Data.db' and len(parts := chunks(source)) > 1:
            for _ in range(max(1, count // 8)):
                a, b = sorted(rng.sample(parts, 2))
                if data[a[0]:a[1]] != data[b[0]:b[1]]:
                    yield Damage(source, component, f'chunks at {a[0]} and {b[0]} swapped', swap(a, b))


def sources(version, tables):
    """The first SSTable of each table."""
    for name in tables:
        keyspace, table = name.split('.')
        for folder in sorted((ROOT / 'testdata' / version / 'data' / keyspace).glob(f'{table}-*')):
            files = [p for p in sorted(folder.glob('*-Data.db')) if 0 < p.stat().st_size <= LARGEST]
            yield from files[:1]


def ours(program, folders):
    """{Data file: its faults} of all SSTables in some folders."""
    run = subprocess.run([program, 'verify', '-o', 'json', *folders], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
    if run.returncode not in (0, 1):
        raise SystemExit(f'sstablefs verify ended with status {run.returncode}: {run.stderr.decode(errors="replace")[-2000:]}')
    return {Path(found['file']): found['faults'] or found['error'] for found in json.loads(run.stdout)}


def cassandras(server, pairs):
    """{Data file: 'ok' or what is wrong}. What ends the JVM counts as found."""
    answers, left = {}, list(pairs)
    while left:
        lines = ''.join(f'{sound}\t{damaged}\n' for sound, damaged in left)
        said = server.run('java', SCRIPTS / 'oracle' / 'VerifyDamaged.java', timeout=SECONDS, check=False, input=lines.encode()).decode()
        got = dict(line.split('\t', 1) for line in said.splitlines() if line.count('\t') == 1 and line.startswith('/'))
        answers.update((Path(path), answer) for path, answer in got.items())
        behind = [pair for pair in left if pair[1] not in answers]
        if behind:
            if len(behind) == len(left) and not answers:
                raise SystemExit(f'the verifier says nothing: {said[-2000:]}')
            answers[behind[0][1]] = 'the JVM ended'
        left = [pair for pair in left if pair[1] not in answers]
    return answers


def main():
    parser = argparse.ArgumentParser(prog='damage_test', description=__doc__)
    parser.add_argument('versions', nargs='*', metavar='VERSION', help=f'of the golden cases ({" ".join(VERSIONS)})')
    parser.add_argument('--count', type=int, default=40, help='changed bytes of each component (40)')
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--table', action='append', metavar='KEYSPACE.TABLE', help='only these')
    parser.add_argument('--binary')
    parser.add_argument('--port', type=int, default=int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '20742')))
    parser.add_argument('--show', type=int, default=20, help='how many of those that Cassandra does not find to print (20)')
    parser.add_argument('--none', action='store_true', help='print what none of the two finds')
    options = parser.parse_args()
    program = binary(options.binary)
    versions = options.versions or VERSIONS
    print(f'damage_test {" ".join(versions)} --count {options.count} --seed {options.seed}', flush=True)
    rng = random.Random(options.seed)
    started = time.time()
    missed, more, both, neither, shown = [], Counter(), Counter(), Counter(), 0
    with tempfile.TemporaryDirectory(prefix='damage_test.') as scratch:
        server = Server(Path(scratch) / 'server', options.port)
        server.state.mkdir()
        for version in versions:
            found = [d for source in sources(version, options.table or TABLES) for d in damages(source, options.count, rng)]
            if not found:
                raise SystemExit(f'{version}: no SSTables')
            # As snapshots, beside the schema of their tables.
            folder, golden = Path(scratch).resolve() / version, ROOT / 'testdata' / version / 'data'
            shutil.copytree(golden / 'system_schema', folder / 'system_schema')
            made = {}
            for number, damage in enumerate(found):
                made[damage.make(folder / damage.source.parent.relative_to(golden) / 'snapshots' / str(number))] = damage
            # Ours first: Cassandra's deletes a Summary.db that it does not like.
            faults = ours(program, [data.parent for data in made])
            answers = cassandras(server, [(damage.source, data) for data, damage in made.items()])
            for data, damage in made.items():
                own, answer = faults.get(data, 'not in the output'), answers[data]
                kind = (damage.component, damage.what.split()[0])
                if answer == 'ok':
                    (more if own else neither)[kind] += 1
                    if not own and options.none:
                        print(f'  none: {damage.where}')
                    if own and shown < options.show:
                        shown += 1
                        print(f'  only ours: {damage.where}: {json.dumps(own)[:300]}')
                elif own:
                    both[kind] += 1
                else:
                    missed.append(damage.where)
                    print(f'  missed: {damage.where}: {answer[-600:]}', flush=True)
            shutil.rmtree(folder)
            print(f'{version}: {len(found)} damaged SSTables after {time.time() - started:.0f} s; {len(missed)} found by Cassandra only', flush=True)
    for what, counter in (('only ours finds', more), ('none finds', neither)):
        print(f'{what}:', ', '.join(f'{component} {kind} {n}' for (component, kind), n in sorted(counter.items())))
    totals = [sum(counter.values()) for counter in (both, more, neither)]
    print(f'both find {totals[0]}, only sstablefs verify {totals[1]}, none {totals[2]}, only sstableverify -e {len(missed)}')
    sys.exit(1 if missed or not totals[0] else 0)


if __name__ == '__main__':
    main()
