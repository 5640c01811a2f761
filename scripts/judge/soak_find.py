"""find MNT | xargs cat of scripts/soak_test, again and again: each time the same bytes, and each partition in them once."""
import collections
import hashlib
import itertools
import json
import re
import subprocess
import time

# A line of a JSON, JSON lines or CSV file; rows of an array begin with '[' and end with ',' or ']'.
JSON_ROW = re.compile(rb'[\[ ]*(\{"k": (\d+), .*\})[,\]]?$')
# In json/, jsonl/, csv/, in rows.json, rows.jsonl, rows.csv, and in these below where/.
TIMES = 9
CSV_ROW = re.compile(rb'(\d+),(\w+)$')


def text_of(k):
    return hashlib.sha256(str(k).encode()).hexdigest()[:8 + k % 56]


def rows(partitions):
    """A CSV file of the table (k int, v text)."""
    yield 'k,v\n'
    for begin in range(0, partitions, 1000):
        yield ''.join(f'{k},{text_of(k)}\n' for k in range(begin, min(begin + 1000, partitions)))


class Find:
    """Runs the pipe over a table's folder until the time is over."""

    def __init__(self, folder, partitions, watchdog):
        self.folder, self.partitions, self.watchdog = folder, partitions, watchdog
        self.rounds, self.bytes, self.digest, self.problems = 0, 0, None, []

    def run(self, end):
        while not self.problems and (time.time() < end or not self.rounds):
            self.round()

    def round(self):
        # Not what tells of times and of the daemon.
        command = f"set -o pipefail; find '{self.folder}' -type f ! -name info.json ! -name log.jsonl -print0 | xargs -0 cat"
        counts, sha = (None if self.rounds else collections.Counter()), hashlib.sha256()
        with subprocess.Popen(['bash', '-c', command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=1 << 20) as process:
            while lines := list(itertools.islice(process.stdout, 1000)):
                for line in lines:
                    sha.update(line)
                    self.bytes += len(line)
                    if counts is not None:
                        self.judge(line.rstrip(b'\n'), counts)
                self.watchdog.moved()
            said = process.stderr.read().decode(errors='replace')
        if process.returncode or said:
            self.problems.append(f'find | xargs cat: status {process.returncode}, {said[:500]}')
        if counts is not None:
            self.digest = sha.digest()
            wrong = [k for k in range(self.partitions) if counts[k] != TIMES]
            if wrong:
                self.problems.append(f'{len(wrong)} of {self.partitions} keys are not read {TIMES} times: {[(k, counts[k]) for k in wrong[:5]]}')
        elif sha.digest() != self.digest:
            self.problems.append(f'round {self.rounds + 1} gave other bytes than the first')
        self.rounds += 1

    def judge(self, line, counts):
        if found := JSON_ROW.match(line):
            k, value = int(found[2]), json.loads(found[1])['v']
        elif found := CSV_ROW.match(line):
            k, value = int(found[1]), found[2].decode()
        else:
            return
        counts[k] += 1
        if value != text_of(k) and len(self.problems) < 20:
            self.problems.append(f'key {k} has the value {value!r}')
