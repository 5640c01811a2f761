"""scripts/tools_test: the flags of Cassandra's offline tools mean the same to sstablefs."""
import argparse
import difflib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .random_mount import ROOT, binary
from .server import SCRIPTS

# sstabledump's flags behind the file; A and B are two keys that are there.
DUMP = ('', '-t', '-l', '-l -t', '-d', '-e', '-e -l', '-l -d', '-k A', '-k A B -l', '-k A -k B', '-x A', '-x A -x B -l', '-k A B -x A',
        '-k A -x A', '-e -k A', '-d -k B', '-d -x B')
DUMPED = ('oa/deletions/partitions', 'a', 'b')

METADATA = ('', '-s', '-c', '-u', '-c -u -s', '--scan --colors', '-g 1000000000', '--gc_grace_seconds 5 --unicode',
            '-t MICROSECONDS', '--timestamp_unit MICROSECONDS')
DESCRIBED = ('nb/deletions/cells', 'oa/deletions/ttls', 'oa/statics/plain', 'oa/sizes/wide', 'da/deletions/overlaps', 'da/deletions/partitions',
             'me/*/wide')
# sstablemetadata does nothing with -t but look at the word: these lines are dates for us.
OF_UNIT = ('Minimum timestamp', 'Maximum timestamp', 'Duration', 'EncodingStats minTimestamp')

VERIFIED = ('nb', 'da')
KEYSPACE, TABLE = 'deletions', 'partitions'


class Run:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.compared = self.wrong = 0

    def tool(self, name, *args, state='none'):
        """Cassandra's tool: status and what it printed."""
        # Half of the time of so short a run is that of the second compiler.
        env = dict(os.environ, SSTABLEFS_CASSANDRA_STATE=str(self.work / state), JDK_JAVA_OPTIONS='-XX:TieredStopAtLevel=1', TZ='UTC', LC_ALL='C.UTF-8')
        return self.done([SCRIPTS / 'cassandra', name, *args], env)

    def ours(self, *args):
        return self.done([self.program, *args], dict(os.environ, TZ='UTC', LC_ALL='C.UTF-8'))

    def done(self, command, env):
        done = subprocess.run(list(map(str, command)), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def same(self, what, expected, got):
        self.compared += 1
        if expected != got:
            self.wrong += 1
            lines = [ascii(text).split('\\n') for text in (expected, got)]
            print(f'{what}: - the tool, + sstablefs', *list(difflib.unified_diff(*lines, lineterm='', n=0))[2:30], sep='\n')

    def copy(self, place):
        """A table's SSTables, where the tools may change them."""
        version, keyspace, table = place.split('/')
        [folder] = sorted((ROOT / 'testdata' / version / 'data').glob(f'{keyspace}/{table}-*'))[:1]
        to = self.work / 'data' / version / folder.parent.name / folder.name
        shutil.copytree(folder, to, dirs_exist_ok=True)
        return sorted(to.glob('*-Data.db'))

    def dump(self):
        place, *keys = DUMPED
        file = self.copy(place)[0]
        sets = [[dict(A=keys[0], B=keys[1]).get(word, word) for word in flags.split()] for flags in DUMP]
        self.tool('sstabledump', file)
        with ThreadPoolExecutor(2) as pool:
            for flags, told in zip(sets, pool.map(lambda flags: self.tool('sstabledump', file, *flags), sets)):
                ours = self.ours('sstabledump', file, *flags)
                self.same(f'sstabledump {" ".join(flags)}', told[1], ours[1])
                self.same(f'sstabledump {" ".join(flags)} ends with', told[0], ours[0])

    def metadata(self):
        files = [file for place in DESCRIBED for file in self.copy(place)]
        sets = [flags.split() for flags in METADATA]
        with ThreadPoolExecutor(2) as pool:
            for flags, told in zip(sets, pool.map(lambda flags: self.tool('sstablemetadata', *flags, *files), sets)):
                # The progress, and the blanks that it is cleared with.
                text = re.sub('(\r(\x1b\\[34m)?Analyzing [^\r\n]*)*\r {80}\r', '', told[1])
                ours = self.each('sstablemetadata', files, flags)
                self.same(f'sstablemetadata {" ".join(flags)}', comparable(text), comparable(without_scan_of_bti(ours[1])))
                self.same(f'sstablemetadata {" ".join(flags)} ends with', told[0], ours[0])
        # Of another unit only the dates are another.
        plain, seconds = (comparable(self.each('info', files, flags)[1]).splitlines() for flags in ([], ['-t', 'SECONDS']))
        changed = {line.split(':')[0] for line in set(plain) ^ set(seconds)}
        self.same('info -t SECONDS changes', list(OF_UNIT), sorted(changed, key=OF_UNIT.index) if changed <= set(OF_UNIT) else sorted(changed))

    def each(self, command, files, flags):
        """A run for each file: several are shown by table."""
        done = [self.ours(command, *flags, file) for file in files]
        return max(status for status, *_ in done), short_leaders(''.join(text for _, text, _ in done))

    def verify(self):
        for version in VERIFIED:
            state = self.work / f'verify-{version}'
            for name in ('system_schema', KEYSPACE):
                shutil.copytree(ROOT / 'testdata' / version / 'data' / name, state / 'data' / name)
            [table] = (state / 'data' / KEYSPACE).glob(f'{TABLE}-*')
            for other in (state / 'data' / KEYSPACE).iterdir():
                if other != table:
                    shutil.rmtree(other)
            self.same(f'{version}: sstableverify without -f', 1, self.tool('sstableverify', KEYSPACE, TABLE, state=state.name)[0])
            sound = {flags: self.tool('sstableverify', '-f', *flags.split(), KEYSPACE, TABLE, state=state.name) for flags in ('-e -v', '-c')}
            ours = {flags: self.ours('sstableverify', '-f', *flags.split(), table) for flags in sound}
            for flags in sound:
                self.same(f'{version}: sstableverify -f {flags}', sound[flags][0], ours[flags][0])
            places = (re.findall('^Reading row at ([0-9]+)$', sound['-e -v'][1], re.M), re.findall(' at byte ([0-9]+)$', ours['-e -v'][1], re.M))
            self.same(f'{version}: sstableverify -v tells of partitions', *map(sorted, places))
            if version == VERIFIED[0]:
                # What docs/MIGRATING.md says of the tool: it takes these and does nothing with them.
                quick, ranged = (self.tool('sstableverify', *flags, '-f', KEYSPACE, TABLE, state=state.name) for flags in (['-q'], ['-t', '1,2', '-e']))
                self.same('sstableverify -q', True, 'Checking computed hash' in quick[1])
                self.same('sstableverify -t', (0, 1), (ranged[0], self.ours('sstableverify', '-t', '1,2', table)[0]))
            # The digest is that of other data.
            data = sorted(table.glob('*-Data.db'))[0]
            data.write_bytes(data.read_bytes()[:-1] + b'?')
            before = sums(table)
            ours = self.ours('sstableverify', '-f', '-e', '-r', table)
            self.same(f'{version}: sstableverify -r changes nothing of ours', before, sums(table))
            told = self.tool('sstableverify', '-f', '-e', '-r', KEYSPACE, TABLE, state=state.name)
            self.same(f'{version}: sstableverify -f -e -r of damaged data', told[0], ours[0])
            if 'changes no file' not in ours[2]:
                self.same(f'{version}: the notice about -r', 'changes no file', ours[2])


COLORS = '(?:\x1b\\[[0-9]+m)*'
LEADER = re.compile(f'^  {COLORS}\\[{COLORS}(.*?){COLORS}\\] {COLORS}([0-9]+)')


def comparable(text):
    """Without what the second of asking decides, and with the same key for partitions that are last among the leaders with others."""
    lines, group = [], []

    def end():
        values = [int(LEADER.match(line)[2]) for line in group]
        for value in sorted(set(values), reverse=True):
            equal = [line for line, other in zip(group, values) if other == value]
            if len(group) == 5 and value == values[-1]:
                equal = [line[:LEADER.match(line).start(1)] + 'any' + line[LEADER.match(line).end(1):] for line in equal]
            lines.extend(sorted(equal))
        group.clear()

    for line in text.splitlines():
        if LEADER.match(line):
            group.append(line)
            continue
        end()
        lines.append(re.sub('(Estimated droppable tombstones.*?0[.][0-9]{6})[0-9]*', r'\1', line))
    end()
    return '\n'.join(lines)


def without_scan_of_bti(text):
    """Cassandra scans from version ma on, and by its letters da is older: its -s is ignored."""
    return re.sub('(SSTable[^\n]*/da-[^\n]*\n)(?:(?!.*Partitioner)[^\n]*\n)*', r'\1', text)


def short_leaders(text):
    """The tool leaves leaders out whose text, with its colors, has no more than ten characters."""
    def kept(match):
        return '' if len(match[2]) <= 10 else match[0]
    return re.sub('((?:\x1b\\[34m)?Tombstone Leaders[^\n]*\n)((?:  [^\n]*\n)+)', kept, text)


def sums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--binary')
    arguments.add_argument('--only', choices=['dump', 'metadata', 'verify'])
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        run = Run(binary(given.binary), Path(work))
        for part in (run.dump, run.metadata, run.verify):
            if given.only in (None, part.__name__):
                part()
    print(f'{run.compared} comparisons with the tools, {run.wrong} differences')
    sys.exit(1 if run.wrong else 0)


main()
