"""Deletions of every reach, ties of equal timestamps, and lives that end: spread over SSTables so that a merge decides."""

from ..case import Case

KS = "deletions"


def statements(table):
    """Short forms of INSERT, UPDATE and DELETE for one table."""
    name = f"{KS}.{table}"

    def insert(columns, values, timestamp, ttl=None):
        using = f"USING TIMESTAMP {timestamp}" + (f" AND TTL {ttl}" if ttl is not None else "")
        return f"INSERT INTO {name} ({columns}) VALUES ({values}) {using}"

    def update(change, where, timestamp, ttl=None):
        using = f"USING TIMESTAMP {timestamp}" + (f" AND TTL {ttl}" if ttl is not None else "")
        return f"UPDATE {name} {using} SET {change} WHERE {where}"

    def delete(what, where, timestamp):
        return f"DELETE {what} FROM {name} USING TIMESTAMP {timestamp} WHERE {where}"

    return insert, update, delete


def cells():
    insert, update, delete = statements("cells")
    return Case(KS, "cells", "k int, c int, a int, b text, PRIMARY KEY (k, c)", [
        [insert("k, c, a, b", f"1, {c}, {c}, 'b{c}'", 10) for c in range(8)] + [insert("k, c, a", f"2, {c}, {c}", 10) for c in range(3)],
        [delete("a", "k = 1 AND c = 1", 20), delete("a, b", "k = 1 AND c = 2", 20), delete("b", "k = 1 AND c = 3", 5),
         # Rows without liveness: they are gone with their last cell.
         update("a = 1", "k = 3 AND c = 1", 20), update("a = 2", "k = 3 AND c = 2", 20), update("a = null", "k = 1 AND c = 4", 20)],
        [delete("a", "k = 3 AND c = 1", 30), update("b = null", "k = 3 AND c = 2", 30), update("a = 77", "k = 1 AND c = 1", 15)],
    ])


def rows():
    insert, update, delete = statements("rows")
    return Case(KS, "rows", "k int, c int, d text, v int, w set<int>, PRIMARY KEY (k, c, d)", [
        [insert("k, c, d, v, w", f"{k}, {c}, '{d}', {k * c}, {{{k}, {c}}}", 10) for k in range(3) for c in range(4) for d in "xy"],
        [delete("", "k = 0 AND c = 0 AND d = 'x'", 20), delete("", "k = 0 AND c = 1 AND d = 'y'", 5),
         delete("", "k = 1 AND c = 2 AND d = 'x'", 20), insert("k, c, d, v", "1, 2, 'x', 99", 30),
         delete("", "k = 9 AND c = 9 AND d = 'never'", 20), update("v = 5", "k = 0 AND c = 0 AND d = 'x'", 30)],
        [update("w = w + {100}", "k = 1 AND c = 2 AND d = 'x'", 15), insert("k, c, d, v", "0, 0, 'x', 1", 20),
         insert("k, c, d", "9, 9, 'never'", 25)],
    ], order="c DESC, d ASC")


def partitions():
    insert, update, delete = statements("partitions")
    return Case(KS, "partitions", "k text, c int, s text static, v int, PRIMARY KEY (k, c)", [
        [insert("k, c, s, v", f"'{k}', {c}, 's{k}', {c}", 10) for k in "abcdefg" for c in range(3)],
        [delete("", "k = 'a'", 20), delete("", "k = 'b'", 20), insert("k, c, v", "'b', 7, 7", 30), delete("", "k = 'c'", 5),
         delete("", "k = 'd'", 20), update("s = 'new'", "k = 'd'", 30), delete("", "k = 'unknown'", 20)],
        [insert("k, c, v", "'a', 9, 9", 15), insert("k, c, s, v", "'e', 3, 'later', 3", 40), delete("", "k = 'e'", 39),
         delete("s", "k = 'f'", 20)],
        # One SSTable with only deletions.
        [delete("", "k = 'g'", 50), delete("", "k = 'b'", 25)],
    ])


BOUNDS = ["c > 2", "c >= 2", "c < 7", "c <= 7", "c > 2 AND c < 7", "c >= 2 AND c < 7", "c > 2 AND c <= 7", "c >= 2 AND c <= 7",
          "c = 3", "c = 3 AND d > 1", "c = 3 AND d >= 1", "c = 3 AND d < 2", "c = 3 AND d <= 2", "c = 3 AND d > 0 AND d < 3",
          "(c, d) > (3, 1)", "(c, d) >= (3, 1) AND (c, d) < (6, 2)", "(c, d) <= (6, 0)", "c > 5 AND c < 5"]


def ranges(name, order):
    """Every kind of bound, in a table of each order; a partition a bound."""
    insert, _, delete = statements(name)
    write = [insert("k, c, d, v", f"{k}, {c}, {d}, {c * 10 + d}", 10)
             for k in range(len(BOUNDS)) for c in range(10) for d in range(4) if (c + d + k) % 3]
    return Case(KS, name, "k int, c int, d int, v int, PRIMARY KEY (k, c, d)", [
        write,
        [delete("", f"k = {k} AND {bound}", 20) for k, bound in enumerate(BOUNDS)],
        [insert("k, c, d, v", f"{k}, {c}, {d}, -1", timestamp) for k in range(0, len(BOUNDS), 2)
         for c, d, timestamp in ((3, 1, 30), (4, 0, 15), (8, 3, 20))],
    ], order=order)


def overlaps():
    """Range deletions that overlap, touch and cover each other, in one SSTable and over several: bounds and boundaries."""
    insert, _, delete = statements("overlaps")
    return Case(KS, "overlaps", "k int, c int, d int, v int, PRIMARY KEY (k, c, d)", [
        [insert("k, c, d, v", f"{k}, {c}, {d}, {c}", 10) for k in range(6) for c in range(12) for d in range(2)],
        [delete("", "k = 0 AND c >= 1 AND c < 5", 20), delete("", "k = 0 AND c >= 3 AND c < 8", 30),
         delete("", "k = 1 AND c > 1 AND c <= 9", 30), delete("", "k = 1 AND c > 3 AND c < 6", 20),
         delete("", "k = 2 AND c >= 2 AND c < 4", 20), delete("", "k = 2 AND c >= 4 AND c < 6", 30),
         delete("", "k = 3 AND c >= 2 AND c <= 4", 20), delete("", "k = 3 AND c > 4 AND c <= 6", 20),
         delete("", "k = 4 AND c = 5", 40), delete("", "k = 4 AND c >= 4 AND c <= 6", 20), delete("", "k = 4 AND c = 5 AND d > 0", 50)],
        [delete("", "k = 0 AND c >= 4 AND c <= 4", 40), delete("", "k = 1 AND c < 3", 25), delete("", "k = 2 AND c > 3", 15),
         delete("", "k = 3 AND c >= 6 AND c < 11", 20), delete("", "k = 5", 12), delete("", "k = 5 AND c > 3", 11),
         insert("k, c, d, v", "5, 2, 0, 5", 12), insert("k, c, d, v", "5, 3, 0, 5", 13)],
        [insert("k, c, d, v", f"0, {c}, 0, 100", 25) for c in range(12)],
    ])


def ties():
    """Equal timestamps: a deletion beats a write; of two writes the one with the larger value wins, and one that expires wins
    against one that does not."""
    insert, update, delete = statements("ties")
    alive = 300000000
    return Case(KS, "ties", "k int, c int, t text, i int, b blob, m map<text, int>, s int static, PRIMARY KEY (k, c)", [
        [insert("k, c, t, i, b", "1, 1, 'apple', 5, 0x01", 10), insert("k, c, t, i, b", "1, 2, 'pear', -5, 0xff", 10),
         insert("k, c, t", "1, 3, 'lives'", 10), insert("k, c, i", "1, 4, 1", 10), insert("k, c, i", "1, 5, 9", 10),
         insert("k, c, i", "1, 6, 1", 10, ttl=alive), insert("k, c, i", "1, 7, 9", 10, ttl=1), insert("k, c, i", "1, 8, 5", 10),
         insert("k, c, m", "1, 9, {'a': 1, 'b': 9}", 10), insert("k, c, m", "1, 10, {'a': 1}", 10), insert("k, s", "1, 7", 10),
         insert("k, c, i", "2, 1, 1", 10), insert("k, c, i", "3, 1, 1", 10), insert("k, c, i", "3, 2, 1", 10),
         insert("k, c, i", "1, 11, 3", 10, ttl=alive), insert("k, c, i", "1, 12, 3", 10, ttl=alive)],
        [insert("k, c, t, i, b", "1, 1, 'banana', 4, 0x0100", 10), insert("k, c, t, i, b", "1, 2, '', 5, 0x", 10),
         delete("t", "k = 1 AND c = 3", 10), delete("", "k = 1 AND c = 4", 10), insert("k, c, i", "1, 5, 1", 10, ttl=alive),
         insert("k, c, i", "1, 6, 9", 10), insert("k, c, i", "1, 7, 1", 10), insert("k, c, i", "1, 8, 7", 10, ttl=1),
         update("m['a'] = 2, m['b'] = 3", "k = 1 AND c = 9", 10), update("m = {'z': 1}", "k = 1 AND c = 10", 11),
         insert("k, s", "1, -7", 10), delete("", "k = 2", 10), delete("", "k = 3 AND c > 1", 10),
         insert("k, c, i", "1, 11, 2", 10, ttl=alive - 100000), insert("k, c, i", "1, 12, 2", 10, ttl=alive + 100000)],
        [delete("m['a']", "k = 1 AND c = 9", 10), delete("m", "k = 1 AND c = 10", 10), update("m['y'] = 5", "k = 1 AND c = 10", 10)],
    ])


def ttls():
    insert, update, delete = statements("ttls")
    alive, short = 300000000, 1
    return Case(KS, "ttls", "k int, c int, a int, b int, s text static, PRIMARY KEY (k, c)", [
        [insert("k, c, a, b", "1, 1, 1, 1", 10, ttl=alive), insert("k, c, a, b", "1, 2, 1, 1", 10, ttl=short),
         insert("k, c", "1, 3", 10, ttl=short), update("a = 1", "k = 1 AND c = 3", 10),
         insert("k, c", "1, 4", 10), update("a = 1", "k = 1 AND c = 4", 11, ttl=short), update("b = 2", "k = 1 AND c = 4", 11, ttl=alive),
         insert("k, s", "1, 'short'", 10, ttl=short), insert("k, s", "2, 'alive'", 10, ttl=alive), insert("k, s", "3, 'gone'", 10, ttl=short),
         update("a = 5", "k = 4 AND c = 1", 10, ttl=short), insert("k, c, a", "5, 1, 1", 10), insert("k, c, a", "6, 1, 1", 10, ttl=short)],
        # Over by now: what a short life has covered does not come back.
        [insert("k, c, a", "5, 1, 2", 20, ttl=short), insert("k, c, a", "5, 1, 3", 15), insert("k, c, a", "1, 2, 9", 9),
         insert("k, c, a", "6, 1, 8", 20, ttl=0), delete("a", "k = 1 AND c = 1", 20), update("s = 'again'", "k = 1", 20, ttl=alive)],
    ])


def default_ttl():
    insert, update, _ = statements("default_ttl")
    return Case(KS, "default_ttl", "k int PRIMARY KEY, v int, l list<int>", [
        [insert("k, v, l", f"{k}, {k}, [{k}]", 10) for k in range(4)] + [insert("k, v", "4, 4", 10, ttl=0), insert("k, v", "5, 5", 10, ttl=1)],
        [update("v = 9", "k = 1", 20, ttl=1), update("v = 9", "k = 2", 20)],
    ], options={"default_time_to_live": 300000000})


def compacted():
    """What compaction leaves: tombstones that are kept, in the SSTable that holds the survivors; and one SSTable beside it."""
    insert, update, delete = statements("compacted")
    return Case(KS, "compacted", "k int, c int, v text, m map<int, text>, PRIMARY KEY (k, c)", [
        [insert("k, c, v, m", f"{k}, {c}, 'v{k}', {{{c}: 'm'}}", 10) for k in range(20) for c in range(5)],
        [delete("", f"k = {k}", 20) for k in range(0, 20, 5)] + [delete("", f"k = {k} AND c >= 1 AND c < 3", 20) for k in range(1, 20, 5)]
        + [delete("v", f"k = {k} AND c = 2", 20) for k in range(2, 20, 5)] + [delete("m", f"k = {k} AND c = 2", 20) for k in range(3, 20, 5)],
        [insert("k, c, v", f"{k}, 1, 'again'", 30) for k in range(0, 20, 2)] + [insert("k, c, v", "3, 3, 'short'", 30, ttl=1)],
        [update("v = 'after'", "k = 1 AND c = 4", 40), delete("", "k = 3", 40)],
    ], compact_after=2, order="c DESC")


def timestamps():
    """The ends of time: negative and huge timestamps. 5.0 can't read back a partition deletion with a negative one."""
    insert, update, delete = statements("timestamps")
    return Case(KS, "timestamps", "k int, c int, v int, PRIMARY KEY (k, c)", [
        [insert("k, c, v", "1, 1, 1", -5), insert("k, c, v", "1, 2, 2", 9223372036854775807), insert("k, c, v", "1, 3, 3", -9223372036854775807),
         insert("k, c, v", "1, 4, 4", 0), insert("k, c, v", "2, 1, 1", 1700000000000000)],
        [insert("k, c, v", "1, 1, -1", -4), insert("k, c, v", "1, 2, -2", 1), delete("", "k = 1 AND c = 3", -9223372036854775806),
         delete("", "k = 1 AND c > 3", -1), delete("v", "k = 2 AND c = 1", 1700000000000001)],
    ])


CASES = [cells(), rows(), partitions(), ranges("ranges", "c ASC, d ASC"), ranges("ranges_desc", "c DESC, d ASC"), overlaps(), ties(), ttls(),
         default_ttl(), compacted(), timestamps()]
