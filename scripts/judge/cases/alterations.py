"""Tables and types that change between one SSTable and the next."""

from ..case import Case

KS = "alterations"


def added():
    """Columns and statics that older SSTables do not know."""
    t = f"{KS}.added"
    return Case(KS, "added", "k int, c int, a int, m int, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, a, m) VALUES ({k}, {c}, {k}, {c}) USING TIMESTAMP 10" for k in range(3) for c in range(2)],
        [f"ALTER TABLE {t} ADD b text", f"ALTER TABLE {t} ADD (s int static, z list<int>)",
         f"INSERT INTO {t} (k, c, b, z) VALUES (0, 0, 'new', [1]) USING TIMESTAMP 20", f"INSERT INTO {t} (k, s) VALUES (1, 5) USING TIMESTAMP 20"],
        [f"ALTER TABLE {t} ADD aa frozen<map<int, text>>", f"INSERT INTO {t} (k, c, aa, a) VALUES (3, 3, {{1: 'x'}}, 9) USING TIMESTAMP 30"],
    ])


def dropped():
    """Regular, static and collection columns that are gone; their cells are still in the SSTables."""
    t = f"{KS}.dropped"
    return Case(KS, "dropped", "k int, c int, a int, gone int, gone_list list<int>, gone_static text static, gone_udt frozen<gone_type>, keep set<int>, "
                "gone_frozen frozen<set<text>>, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, a, gone, gone_list, gone_static, gone_udt, keep, gone_frozen) "
         f"VALUES ({k}, {c}, 1, 2, [3, 4], 'static', {{x: 1, y: 'z'}}, {{5}}, {{'f'}}) USING TIMESTAMP 10" for k in range(2) for c in range(2)]
        + [f"UPDATE {t} USING TIMESTAMP 10 SET gone = 1 WHERE k = 5 AND c = 5", f"INSERT INTO {t} (k, gone_static) VALUES (6, 'x') USING TIMESTAMP 10",
           f"INSERT INTO {t} (k, c, gone) VALUES (7, 7, 7) USING TIMESTAMP 10"],
        [f"ALTER TABLE {t} DROP gone", f"ALTER TABLE {t} DROP (gone_list, gone_static, gone_udt, gone_frozen)",
         f"INSERT INTO {t} (k, c, a) VALUES (2, 2, 2) USING TIMESTAMP 20"],
    ], types=["gone_type (x int, y text)"])


def added_again():
    """Dropped and added again: what is older than the drop does not come back, what is newer is there. The time of a drop is kept
    in milliseconds."""
    t = f"{KS}.added_again"
    return Case(KS, "added_again", "k int, c int, a int, v int, l map<int, int>, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, a, v, l) VALUES (1, {c}, {c}, {c}, {{1: {c}}}) USING TIMESTAMP 1000000" for c in range(3)],
        [f"ALTER TABLE {t} DROP v USING TIMESTAMP 2000000", f"ALTER TABLE {t} DROP l USING TIMESTAMP 2000000",
         f"ALTER TABLE {t} ADD v int", f"ALTER TABLE {t} ADD l map<int, int>",
         f"INSERT INTO {t} (k, c, v, l) VALUES (1, 1, 100, {{2: 2}}) USING TIMESTAMP 3000000",
         f"UPDATE {t} USING TIMESTAMP 1500000 SET v = 50 WHERE k = 1 AND c = 2", f"UPDATE {t} USING TIMESTAMP 2000000 SET v = 51 WHERE k = 1 AND c = 0",
         f"UPDATE {t} USING TIMESTAMP 3000000 SET v = 52 WHERE k = 2 AND c = 0", f"UPDATE {t} USING TIMESTAMP 1999000 SET l[7] = 7 WHERE k = 1 AND c = 2"],
        [f"UPDATE {t} USING TIMESTAMP 3000000 SET l[5] = 5 WHERE k = 1 AND c = 2", f"INSERT INTO {t} (k, c, a) VALUES (3, 3, 3) USING TIMESTAMP 10"],
    ])


def renamed():
    """Names of key columns are not in SSTables: a rename changes only the schema."""
    t = f"{KS}.renamed"
    return Case(KS, "renamed", "old_key int, old_clustering text, v int, PRIMARY KEY (old_key, old_clustering)", [
        [f"INSERT INTO {t} (old_key, old_clustering, v) VALUES (1, 'a', 1) USING TIMESTAMP 10"],
        [f'ALTER TABLE {t} RENAME old_key TO "New Key" AND old_clustering TO new_clustering',
         f'INSERT INTO {t} ("New Key", new_clustering, v) VALUES (1, \'b\', 2) USING TIMESTAMP 20'],
    ])


def type_fields():
    """Fields added to a type and renamed: older values, frozen and not, have fewer."""
    t = f"{KS}.type_fields"
    return Case(KS, "type_fields", "k int PRIMARY KEY, f frozen<growing>, u growing, l list<frozen<growing>>, m map<text, frozen<growing>>", [
        [f"INSERT INTO {t} (k, f, u, l, m) VALUES ({k}, {{a: 1, b: 'x'}}, {{a: 2, b: 'y'}}, [{{a: 3, b: 'z'}}], {{'m': {{a: 4}}}}) USING TIMESTAMP 10"
         for k in range(2)],
        [f"ALTER TYPE {KS}.growing ADD c frozen<list<int>>", f"ALTER TYPE {KS}.growing ADD d double",
         f"INSERT INTO {t} (k, f, u, l) VALUES (2, {{a: 1, b: 'x', c: [1, 2], d: 0.5}}, {{a: 2, c: [3]}}, [{{d: 1.5}}]) USING TIMESTAMP 20",
         f"UPDATE {t} USING TIMESTAMP 20 SET u.c = [9], u.d = 2.5 WHERE k = 1"],
        [f"ALTER TYPE {KS}.growing RENAME b TO bb", f"INSERT INTO {t} (k, f, u) VALUES (3, {{bb: 'new'}}, {{bb: 'name'}}) USING TIMESTAMP 30"],
    ], types=["growing (a int, b text)"])


def type_keys():
    """A frozen type in the clustering that has grown. Cassandra does not let a type in a partition key grow."""
    t = f"{KS}.type_keys"
    return Case(KS, "type_keys", "k int, c frozen<growing_key>, v int, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, v) VALUES (1, {{a: {i}}}, {i}) USING TIMESTAMP 10" for i in range(4)],
        [f"ALTER TYPE {KS}.growing_key ADD b text",
         f"INSERT INTO {t} (k, c, v) VALUES (1, {{a: 1, b: 'y'}}, 100) USING TIMESTAMP 20",
         f"INSERT INTO {t} (k, c, v) VALUES (2, {{a: 1, b: ''}}, 101) USING TIMESTAMP 20",
         f"INSERT INTO {t} (k, c, v) VALUES (1, {{a: 2, b: null}}, 102) USING TIMESTAMP 20"],
    ], types=["growing_key (a int)"])


def other_options():
    """Compression that changes between SSTables of one table."""
    t = f"{KS}.other_options"
    write = f"INSERT INTO {t} (k, v) VALUES (%d, '{'some text that packs well, ' * 20}%d') USING TIMESTAMP %d"
    alter = f"ALTER TABLE {t} WITH compression = %s"
    return Case(KS, "other_options", "k int PRIMARY KEY, v text", [
        [write % (k, k, 10) for k in range(60)],
        [alter % "{'class': 'SnappyCompressor', 'chunk_length_in_kb': 4}"] + [write % (k, k, 20) for k in range(0, 60, 3)],
        [alter % "{'class': 'DeflateCompressor', 'chunk_length_in_kb': 32}"] + [write % (k, k, 30) for k in range(0, 60, 5)],
        [alter % "{'class': 'ZstdCompressor', 'chunk_length_in_kb': 8, 'compression_level': 5}"] + [write % (k, k, 40) for k in range(0, 60, 7)],
        [alter % "{'class': 'LZ4Compressor', 'chunk_length_in_kb': 1, 'lz4_compressor_type': 'high'}"] + [write % (k, k, 50) for k in range(0, 60, 11)],
        [alter % "{'enabled': 'false'}"] + [write % (k, k, 60) for k in range(0, 60, 13)],
    ], codec=("none", 0))


CASES = [added(), dropped(), added_again(), renamed(), type_fields(), type_keys(), other_options()]
