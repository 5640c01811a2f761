"""What lies beside a table's SSTables: views, indexes, snapshots, backups, dropped tables. And other kinds of tables."""

from ..case import Case

KS = "places"
DISABLED = "compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}"


def viewed():
    """A materialized view is a table of its own directory; its rows have expired liveness where the base row has moved."""
    t = f"{KS}.viewed"
    return Case(KS, "viewed", "k int, c int, v int, t text, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, v, t) VALUES ({k}, {c}, {k + c}, 't{c}') USING TIMESTAMP 10" for k in range(4) for c in range(3)],
        [f"UPDATE {t} USING TIMESTAMP 20 SET v = 100 WHERE k = 1 AND c = 1", f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 2",
         f"DELETE t FROM {t} USING TIMESTAMP 20 WHERE k = 0 AND c = 0", f"UPDATE {t} USING TIMESTAMP 20 AND TTL 1 SET v = 7 WHERE k = 3 AND c = 0"],
        [f"UPDATE {t} USING TIMESTAMP 30 SET v = 101 WHERE k = 1 AND c = 1"],
    ], indexes=[f"CREATE MATERIALIZED VIEW {KS}.by_value AS SELECT v, k, c, t FROM {t} WHERE v IS NOT NULL AND k IS NOT NULL AND c IS NOT NULL "
                f"PRIMARY KEY (v, k, c) WITH CLUSTERING ORDER BY (k DESC, c ASC) AND {DISABLED}"], also=["by_value"])


def indexed():
    """Secondary indexes have SSTables in .NAME/ below the table's own directory."""
    t = f"{KS}.indexed"
    return Case(KS, "indexed", "k int, c int, v text, s set<int>, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, v, s) VALUES ({k}, {c}, 'v{(k + c) % 3}', {{{k}, {c}}}) USING TIMESTAMP 10" for k in range(5) for c in range(3)],
        [f"UPDATE {t} USING TIMESTAMP 20 SET v = 'other' WHERE k = 1 AND c = 1", f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 2"],
    ], indexes=[f"CREATE INDEX indexed_v ON {t} (v)", f'CREATE INDEX "Indexed_S" ON {t} (values(s))'])


def sai():
    """Storage-attached indexes have components beside those of the SSTable."""
    t = f"{KS}.sai"
    return Case(KS, "sai", "k int PRIMARY KEY, v text, n int, e vector<float, 3>", [
        [f"INSERT INTO {t} (k, v, n, e) VALUES ({k}, 'v{k % 4}', {k * 10}, [{k}.0, 0.5, -1.0]) USING TIMESTAMP 10" for k in range(20)],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 3", f"UPDATE {t} USING TIMESTAMP 20 SET n = -1 WHERE k = 4"],
    ], indexes=[f"CREATE INDEX ON {t} (v) USING 'sai'", f"CREATE INDEX sai_n ON {t} (n) USING 'sai'", f"CREATE INDEX sai_e ON {t} (e) USING 'sai'"])


def snapshotted():
    """The snapshot is older than the table."""
    t = f"{KS}.snapshotted"
    return Case(KS, "snapshotted", "k int PRIMARY KEY, v text", [
        [f"INSERT INTO {t} (k, v) VALUES ({k}, 'first {k}') USING TIMESTAMP 10" for k in range(6)],
        [f"INSERT INTO {t} (k, v) VALUES ({k}, 'second {k}') USING TIMESTAMP 20" for k in range(0, 6, 2)],
    ], finish=[("snapshot", "-t", "before", "-kt", t)])


def dropped_table():
    """Only its snapshot is left."""
    t = f"{KS}.dropped_table"
    return Case(KS, "dropped_table", "k int PRIMARY KEY, v int", [
        [f"INSERT INTO {t} (k, v) VALUES (1, 1) USING TIMESTAMP 10"],
        [f"DROP TABLE {t}"],
    ], dropped=True)


def made_again():
    """Dropped and created again: two directories of one name, and only one of them is the table."""
    t = f"{KS}.made_again"
    return Case(KS, "made_again", "k int PRIMARY KEY, old int", [
        [f"INSERT INTO {t} (k, old) VALUES (1, 1) USING TIMESTAMP 10"],
        [f"DROP TABLE {t}", f"CREATE TABLE {t} (k int PRIMARY KEY, new text) WITH {DISABLED}",
         f"INSERT INTO {t} (k, new) VALUES (1, 'new') USING TIMESTAMP 20"],
    ])


def truncated():
    """What was there before TRUNCATE is only in the snapshot."""
    t = f"{KS}.truncated"
    return Case(KS, "truncated", "k int PRIMARY KEY, v int", [
        [f"INSERT INTO {t} (k, v) VALUES ({k}, {k}) USING TIMESTAMP 10" for k in range(5)],
        [f"TRUNCATE {t}", f"INSERT INTO {t} (k, v) VALUES (9, 9) USING TIMESTAMP 10"],
    ])


def leveled():
    """Compacted by another strategy."""
    t = f"{KS}.leveled"
    write = f"INSERT INTO {t} (k, v) VALUES (?, ?) USING TIMESTAMP ?"
    return Case(KS, "leveled", "k bigint PRIMARY KEY, v text", [
        [(write, (k, f"first {k}", 10)) for k in range(300)],
        [(write, (k, f"second {k}", 20)) for k in range(0, 300, 7)],
        [f"DELETE FROM {t} USING TIMESTAMP 30 WHERE k = {k}" for k in range(0, 300, 11)],
    ], options={"compaction": "{'class': 'LeveledCompactionStrategy', 'enabled': 'false'}"}, compact_after=1)


CASES = [viewed(), indexed(), sai(), snapshotted(), dropped_table(), made_again(), truncated(), leveled()]
