"""What a row may be while it is written: the model of scripts/live_test, and the threads that write to the server."""
import random
import threading
import time

PARTITIONS = 40
ROWS = 30


class Model:
    """Every row has versions 1, 2, 3…; a version is alive or a deletion. One lock: a version is known before it is sent.

    A read may show any version between the newest that was surely in SSTables before it began and the newest that was sent
    before it ended.
    """

    def __init__(self, by_clock=False):
        """by_clock: timestamps are of the time of day, as those are that a mount gives to rows without one."""
        self.lock, self.by_clock = threading.Lock(), by_clock
        self.alive = {}  # (k, c): [alive of version 1, of version 2, …]
        self.acknowledged = {}  # (k, c): newest version that the server has confirmed
        self.flushed = {}  # the same at the start of the last flush that has ended
        self.clock = 1_700_000_000_000_000

    def next_version(self, keys, alive):
        """The versions of these rows that a statement makes, and its timestamp."""
        with self.lock:
            self.clock = max(self.clock + 1, time.time_ns() // 1000 if self.by_clock else 0)
            for key in keys:
                self.alive.setdefault(key, []).append(alive)
            return {key: len(self.alive[key]) for key in keys}, self.clock

    def confirm(self, versions):
        with self.lock:
            for key, version in versions.items():
                self.acknowledged[key] = max(version, self.acknowledged.get(key, 0))

    def before_flush(self):
        with self.lock:
            return dict(self.acknowledged)

    def after_flush(self, confirmed):
        with self.lock:
            self.flushed = confirmed

    def floor(self):
        with self.lock:
            return dict(self.flushed)

    def ceiling(self):
        with self.lock:
            return {key: len(versions) for key, versions in self.alive.items()}

    def wrong(self, seen, floor, ceiling, keys=None):
        """seen: {(k, c): version} that a read showed. keys: those that it should cover, all by default. Yields what can't be."""
        for key, version in seen.items():
            low, high = floor.get(key, 0), ceiling.get(key, 0)
            if not low <= version <= high:
                yield f'row {key} shows version {version}, possible are {low} to {high}'
            elif not self.alive[key][version - 1]:
                yield f'row {key} shows version {version}, which is a deletion'
        for key in keys if keys is not None else ceiling:
            if key not in seen and floor.get(key, 0) > 0:
                low, high = floor[key], ceiling[key]
                if all(self.alive[key][low - 1:high]):
                    yield f'row {key} is missing, but is alive from version {low} to {high}'


def text_of(k, c, version):
    """The value of a row says itself what it must be."""
    return f'{k}/{c}/{version}:' + 'x' * ((k * 7 + c * 13 + version * 31) % 400)


class Writer(threading.Thread):
    """Owns the partitions k with k % of == number, so the versions of a row are sent in their order."""

    def __init__(self, session, model, number, of, stop):
        super().__init__(daemon=True)
        self.session, self.model, self.stopping = session, model, stop
        self.keys = [k for k in range(PARTITIONS) if k % of == number]
        self.rng = random.Random(number)
        self.error, self.written = None, 0
        self.insert = session.prepare('INSERT INTO live.t (k, c, v, pad) VALUES (?, ?, ?, ?) USING TIMESTAMP ?')
        self.delete_row = session.prepare('DELETE FROM live.t USING TIMESTAMP ? WHERE k = ? AND c = ?')
        self.delete_range = session.prepare('DELETE FROM live.t USING TIMESTAMP ? WHERE k = ? AND c >= ? AND c < ?')
        self.delete_partition = session.prepare('DELETE FROM live.t USING TIMESTAMP ? WHERE k = ?')

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step()
        except Exception as error:  # reported by the main thread
            self.error = error

    def step(self):
        k, c = self.rng.choice(self.keys), self.rng.randrange(ROWS)
        chance = self.rng.random()
        if chance < 0.85:
            versions, stamp = self.model.next_version([(k, c)], True)
            version = versions[k, c]
            self.session.execute(self.insert, (k, c, version, text_of(k, c, version), stamp))
        elif chance < 0.93:
            versions, stamp = self.model.next_version([(k, c)], False)
            self.session.execute(self.delete_row, (stamp, k, c))
        elif chance < 0.985:
            end = min(ROWS, c + self.rng.randint(1, 8))
            versions, stamp = self.model.next_version([(k, n) for n in range(c, end)], False)
            self.session.execute(self.delete_range, (stamp, k, c, end))
        else:
            versions, stamp = self.model.next_version([(k, n) for n in range(ROWS)], False)
            self.session.execute(self.delete_partition, (stamp, k))
        self.model.confirm(versions)
        self.written += 1
        time.sleep(0.001)


class Flusher(threading.Thread):
    """Flushes, and compacts in turn; between them the server does both by itself as well."""

    def __init__(self, server, model, stop):
        super().__init__(daemon=True)
        self.server, self.model, self.stopping = server, model, stop
        self.error, self.flushes, self.compactions = None, 0, 0

    def run(self):
        try:
            while not self.stopping.is_set():
                confirmed = self.model.before_flush()
                self.server.nodetool('flush', 'live', 't')
                self.model.after_flush(confirmed)
                self.flushes += 1
                if self.flushes % 3 == 0:
                    self.server.nodetool('compact', 'live', 't')
                    self.compactions += 1
        except Exception as error:
            self.error = error
