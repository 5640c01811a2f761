"""Sizes that need an index: many partitions, partitions of many blocks, large cells."""

import random

from ..case import Case

KS = "sizes"


def words(seed, count):
    """Text that is not one repeated letter, and still packs well."""
    choose = random.Random(seed)
    return " ".join(choose.choice(VOCABULARY) for _ in range(count))


VOCABULARY = "river stone lamp green seven window orange table paper cloud silver north apple garden winter engine".split()


def tiny():
    """Summaries of many samples, tries of many pages."""
    write = f"INSERT INTO {KS}.tiny (k, v) VALUES (?, ?) USING TIMESTAMP ?"
    return Case(KS, "tiny", "k int PRIMARY KEY, v smallint", [
        [(write, (k, k % 100, 1000)) for k in range(12000)],
        [(write, (k, -1, 2000)) for k in range(0, 12000, 40)],
        [f"DELETE FROM {KS}.tiny USING TIMESTAMP 3000 WHERE k = {k}" for k in range(0, 12000, 100)],
    ], codec=("lz4", 16))


def named():
    """Text keys with long common beginnings, and a summary with a sample for every 16 partitions."""
    write = f"INSERT INTO {KS}.named (a, b, v) VALUES (?, ?, ?) USING TIMESTAMP ?"
    return Case(KS, "named", "a text, b int, v int, PRIMARY KEY ((a, b))", [
        [(write, (f"warehouse/{k % 7}/shelf-{k // 7 % 30}", k, k % 10, 1000)) for k in range(2500)],
    ], options={"min_index_interval": 16, "max_index_interval": 64, "bloom_filter_fp_chance": 0.1}, codec=("zstd", 16))


def unfiltered():
    """bloom_filter_fp_chance = 1: an SSTable without a bloom filter."""
    write = f"INSERT INTO {KS}.unfiltered (k, v) VALUES (?, ?) USING TIMESTAMP ?"
    return Case(KS, "unfiltered", "k uuid PRIMARY KEY, v text", [
        [(write, (random_uuid(k), f"value {k % 9}", 1000)) for k in range(600)],
    ], options={"min_index_interval": 32, "bloom_filter_fp_chance": 1.0}, codec=("snappy", 4))


def random_uuid(seed):
    import uuid
    return uuid.UUID(int=random.Random(seed).getrandbits(128), version=4)


def wide(name, order, codec, rows):
    """Partitions of several hundred index blocks, with range deletions that begin in one block and end many later."""
    write = f"INSERT INTO {KS}.{name} (k, c, d, v) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
    delete = f"DELETE FROM {KS}.{name} USING TIMESTAMP %d WHERE k = %s AND %s"
    return Case(KS, name, "k text, c int, d text, v text, s text static, PRIMARY KEY (k, c, d)", [
        [(write, ("big", i, f"d{i % 3}", words(i % 50, 40), 1000)) for i in range(rows)]
        + [(write, ("small", i, "d", "v", 1000)) for i in range(10)]
        + [(write, ("middle", i // 20, f"d{i}", words(i % 50, 20), 1000)) for i in range(800)]
        + [f"INSERT INTO {KS}.{name} (k, s) VALUES ('big', 'static') USING TIMESTAMP 1000",
           delete % (900, "'big'", f"c > {rows // 10} AND c < {rows // 2}"), delete % (1100, "'big'", f"c >= {rows // 3} AND c <= {rows // 3 + 40}")],
        [delete % (2000, "'big'", f"c > {rows // 20} AND c <= {rows // 4}"), delete % (2001, "'big'", f"c >= {rows // 5} AND c < {rows // 3}"),
         delete % (2000, "'middle'", "c = 7"), delete % (2000, "'middle'", "c > 30")]
        + [delete % (2002, "'big'", f"c = {i} AND d = 'd{i % 3}'") for i in range(rows // 2, rows // 2 + 300)]
        + [(write, ("big", i, "d0", "over", 3000)) for i in range(0, rows, 150)],
    ], order=order, codec=codec)


def wide_types():
    """Blocks that are told apart by numbers, times and bytes, in both orders."""
    insert = f"INSERT INTO {KS}.wide_types (k, a, b, c, d, v) VALUES (1, %s, %d, '%s', 0x%s, '%s') USING TIMESTAMP 1000"
    rows = [insert % (["-1E+5", "-1.5", "0", "0.25", "3", "1E+20"][i % 6], (i // 6 % 5 - 2) * 10 ** 11, ["10.0.0.1", "::1", "192.168.7.1"][i % 3],
                      f"{i * 37 % 65536:04x}" * (1 + i % 3), words(i % 20, 20)) for i in range(1200)]
    delete = f"DELETE FROM {KS}.wide_types USING TIMESTAMP 2000 WHERE k = 1 AND "
    return Case(KS, "wide_types", "k int, a decimal, b timestamp, c inet, d blob, v text, PRIMARY KEY (k, a, b, c, d)", [
        rows,
        [delete + "a > -1.5 AND a < 0.25", delete + "a = 3 AND b >= 0", delete + "a = -1E+5 AND b = 0 AND c < '192.168.7.1'"],
    ], order="a ASC, b DESC, c ASC, d DESC", codec=("deflate", 64))


def markers():
    """Blocks of nothing but range tombstones."""
    insert = f"INSERT INTO {KS}.markers (k, c, v) VALUES (?, ?, ?) USING TIMESTAMP ?"
    delete = f"DELETE FROM {KS}.markers USING TIMESTAMP %d WHERE k = 1 AND c > '%05d' AND c < '%05d'"
    return Case(KS, "markers", "k int, c text, v int, PRIMARY KEY (k, c)", [
        [(insert, (1, f"{i:05}", i, 1000)) for i in range(0, 4000, 7)],
        [delete % (2000 + i % 3, i, i + 2) for i in range(0, 4000, 2)],
        [delete % (1500, 500, 1500)] + [(insert, (1, f"{i:05}", -i, 2500)) for i in range(0, 4000, 91)],
    ], codec=("deflate", 16))


def long_range():
    """A range tombstone open over many blocks of one SSTable, and older rows under it in another."""
    insert = f"INSERT INTO {KS}.long_range (k, c, v) VALUES (?, ?, ?) USING TIMESTAMP ?"
    delete = f"DELETE FROM {KS}.long_range USING TIMESTAMP 2000 WHERE k = 1 AND c > 100 AND c <= 5900"
    return Case(KS, "long_range", "k int, c int, v text, PRIMARY KEY (k, c)", [
        [(insert, (1, c, f"old {c}", 1000)) for c in range(0, 6000, 2)],
        [delete] + [(insert, (1, c, f"new {c} " + "x" * 40, 3000)) for c in range(0, 6000, 5)],
    ], codec=("lz4", 16))


def large_cells():
    rows = [(f"INSERT INTO {KS}.large_cells (k, c, t, b) VALUES (?, ?, ?, ?) USING TIMESTAMP ?",
             (k, c, words(k * 10 + c, 120) * 280, words(c, 90).encode() * 370, 1000)) for k in range(2) for c in range(2)]
    large_list = ", ".join(f"'{words(i, 300)}'" for i in range(40))
    return Case(KS, "large_cells", "k int, c int, t text, b blob, l list<text>, PRIMARY KEY (k, c)", [
        rows,
        [f"UPDATE {KS}.large_cells USING TIMESTAMP 2000 SET l = [{large_list}] WHERE k = 1 AND c = 1",
         f"DELETE b FROM {KS}.large_cells USING TIMESTAMP 2000 WHERE k = 0 AND c = 0"],
    ], codec=("lz4", 4))


def large_uncompressed():
    return Case(KS, "large_uncompressed", "k int PRIMARY KEY, t text", [
        [(f"INSERT INTO {KS}.large_uncompressed (k, t) VALUES (?, ?) USING TIMESTAMP ?", (1, words(1, 300) * 80, 1000)),
         (f"INSERT INTO {KS}.large_uncompressed (k, t) VALUES (?, ?) USING TIMESTAMP ?", (2, "short", 1000))],
    ], codec=("none", 0))


def incompressible():
    """Chunks that packing would not make smaller are stored as they are."""
    choose = random.Random(7)
    return Case(KS, "incompressible", "k int PRIMARY KEY, b blob, t text", [
        [(f"INSERT INTO {KS}.incompressible (k, b, t) VALUES (?, ?, ?) USING TIMESTAMP ?",
          (k, choose.randbytes(3000), "a" * 5000 if k % 3 == 0 else "", 1000)) for k in range(6)],
    ], options={"compression": "{'class': 'LZ4Compressor', 'chunk_length_in_kb': 4, 'min_compress_ratio': 1.1}"})


def many_columns():
    """More than 64 columns: subsets are encoded as lists."""
    names = [f"c{i:03}" for i in range(90)]
    rows = []
    for k in range(30):
        chosen = names if k == 0 else names[k:] if k < 10 else names[:k - 9] if k < 20 else names[k::7]
        if k == 29:
            chosen = []
        columns = "".join(f", {name}" for name in chosen)
        values = "".join(f", {k * i}" for i in range(len(chosen)))
        rows.append(f"INSERT INTO {KS}.many_columns (k{columns}) VALUES ({k}{values}) USING TIMESTAMP {1000 + k}")
    return Case(KS, "many_columns", "k int PRIMARY KEY, " + ", ".join(f"{name} int" for name in names), [rows[::2], rows[1::2]])


CASES = [tiny(), named(), unfiltered(), wide("wide", "c ASC, d DESC", ("lz4", 16), 4200), wide("wide_desc", "c DESC, d ASC", ("zstd", 4), 900),
         wide("wide_plain", "", ("none", 0), 250), wide_types(), markers(), long_range(), large_cells(), large_uncompressed(), incompressible(), many_columns()]
