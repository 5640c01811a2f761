"""The stagers of scripts/soak_test: they write files into a staging folder, and know from its close what must be shown."""
import errno
import itertools
import json
import os
import random
import threading
import time

from . import staged
from .live_model import PARTITIONS, ROWS, text_of


class Stager(threading.Thread):
    """Owns the partitions k with k % of == number, so that the versions of a row come in their order."""

    def __init__(self, staging, model, findings, number, of, stop):
        super().__init__(daemon=True)
        self.staging, self.model, self.findings, self.number, self.stopping = staging, model, findings, number, stop
        self.keys = [k for k in range(PARTITIONS) if k % of == number]
        self.rng, self.files = random.Random(100 + number), 0

    def run(self):
        while not self.stopping.is_set():
            try:
                self.step()
            except Exception as error:  # a close that fails, for one
                self.findings.add('staged file', [repr(error)])
            time.sleep(0.05 + self.rng.random() * 0.3)

    def step(self):
        chance = self.rng.random()
        if chance < 0.05:
            return self.bad()
        if chance < 0.08:
            return (self.staging / '.flush').touch()
        rows = self.rng.sample([(k, c) for k in self.keys for c in range(ROWS)], self.rng.choice([1, 3, 20]))
        alive = chance < 0.9
        versions, stamp = self.model.next_version(rows, alive)
        if not alive:
            name, text = 'deleted.json', json.dumps(list(self.deleted(rows, stamp)))
        elif chance < 0.5:
            lines = (f'{k},{c},{versions[k, c]},{text_of(k, c, versions[k, c])}\n' for k, c in rows)
            name, text = 'rows.csv', 'k,c,v,pad\n' + ''.join(lines)
        else:
            values = ({'k': k, 'c': c, 'v': versions[k, c], 'pad': text_of(k, c, versions[k, c]), '[timestamp]': stamp} for k, c in rows)
            name, text = 'rows.jsonl', ''.join(json.dumps(row) + '\n' for row in values)
        self.put(name, text)
        self.model.confirm(versions)
        self.findings.add('staged file')

    def deleted(self, rows, stamp):
        """As sstabledump prints deleted rows."""
        seconds, micros = divmod(stamp, 1_000_000)
        marked = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds)) + f'.{micros:06}Z'
        local = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))
        deletion = {'marked_deleted': marked, 'local_delete_time': local}
        for k, group in itertools.groupby(sorted(rows), lambda row: row[0]):
            rows_of = [{'type': 'row', 'clustering': [c], 'deletion_info': deletion, 'cells': []} for _, c in group]
            yield {'partition': {'key': [str(k)], 'position': 0}, 'rows': rows_of}

    def put(self, name, text):
        """Raises when it is not taken up."""
        self.files += 1
        hidden, sync = self.rng.random() < 0.3, self.rng.random() < 0.05
        staged.put(self.staging, f'{self.number}-{self.files}-{name}', text.encode(), hidden, sync)

    def bad(self):
        """A file with a wrong line is refused, with all that is in it."""
        k, c = self.rng.choice(self.keys), self.rng.randrange(ROWS)
        name = f'{self.number}-bad.csv'
        try:
            with open(self.staging / name, 'w') as file:
                file.write(f'k,c,v,pad\n{k},{c},1000000000,no version\n{k},x,1,no number\n')
            problem = ['its close said nothing']
        except OSError as error:
            problem = [] if error.errno == errno.EINVAL else [repr(error)]
        self.findings.add('bad file', problem)
        os.unlink(self.staging / name)


# After so many imports the server compacts the table: by itself it looks after what was imported some minutes later, and the
# daemon's memory and open files are as many as the SSTables.
COMPACTED = 4


class Importer(threading.Thread):
    """Lets the server take up what the mount has written: nodetool import."""

    def __init__(self, server, folder, stop, pause):
        super().__init__(daemon=True)
        self.server, self.folder, self.stopping, self.pause = server, folder, stop, pause
        self.error, self.imports, self.refused = None, 0, 0

    def run(self):
        try:
            while not self.stopping.wait(self.pause):
                self.take()
        except Exception as error:
            self.error = error

    def take(self):
        """The server refuses a folder in which an SSTable is just getting its names, and takes it a moment later."""
        for attempt in range(4):
            if not any(name.endswith('-Data.db') for name in os.listdir(self.folder)):
                return
            try:
                self.server.nodetool('import', 'live', self.folder.name, self.folder)
                self.imports += 1
                if self.imports % COMPACTED == 0:
                    self.server.nodetool('compact', 'live', self.folder.name)
                return
            except RuntimeError:
                self.refused += 1
                if attempt == 3:
                    raise
