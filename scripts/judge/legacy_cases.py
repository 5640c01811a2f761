"""The golden tables of older releases: what their CQL can say of the themes of judge/cases, and what only they had."""

import dataclasses

from .case import Case
from .cases import collections, deletions, primitives, statics
from .cases.sizes import words

KS = "legacy"

# The themes' tables that every release since 3.0 takes as they are.
SHARED = {
    deletions: ["cells", "rows", "partitions", "overlaps", "ties", "ttls"],
    statics: ["plain", "only_statics", "every_static", "counted", "counted_statics", "counted_simple"],
    collections: ["lists", "sets", "maps", "element_ttls", "nested"],
    primitives: ["empties"],
}


def insert(table, columns, values, timestamp, ttl=None):
    using = f"USING TIMESTAMP {timestamp}" + (f" AND TTL {ttl}" if ttl else "")
    return f"INSERT INTO {table} ({columns}) VALUES ({values}) {using}"


def compact(case):
    return dataclasses.replace(case, options={"COMPACT STORAGE": None})


def every_type():
    """A row for each of the first edge values of the types that 3.0 has."""
    t = f"{KS}.every_type"
    # Numbers for dates and times are newer.
    edges = dict(primitives.EDGES, time=primitives.EDGES["time"][:-1], date=["'1970-01-01'", "'1969-12-31'", "'2024-02-29'"])
    names = list(edges)
    rows = [insert(t, ", ".join(["k", *("c_" + name for name in names)]),
                   ", ".join([str(i), *(edges[name][i % len(edges[name])] for name in names)]), 5000 + i) for i in range(8)]
    rows += [f"UPDATE {t} USING TIMESTAMP {6000 + i} SET c_{name} = {edges[name][-1]} WHERE k = {100 + i}" for i, name in enumerate(names)]
    return Case(KS, "every_type", "k int PRIMARY KEY, " + ", ".join(f"c_{name} {name}" for name in names), [rows[::2], rows[1::2]])


def durations():
    t = f"{KS}.durations"
    return Case(KS, "durations", "k int PRIMARY KEY, d duration, l list<duration>", [
        [insert(t, "k, d, l", f"{i}, {d}, [{d}, 1ns]", 10) for i, d in enumerate(primitives.DURATIONS)]])


def frozen_types():
    t = f"{KS}.frozen_types"
    types = ["address (street text, number int, tags frozen<set<text>>)", "person (name text, home frozen<address>, scores frozen<map<text, int>>)"]
    return Case(KS, "frozen_types", "k frozen<address>, c frozen<address>, a frozen<address> static, p frozen<person>, l list<frozen<address>>, "
                "m map<text, frozen<person>>, t tuple<frozen<address>, int>, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, p, l, m", "{street: 'Main', number: 1, tags: {'x', 'y'}}, {street: 'Side', number: 2}, {name: 'Ann', home: {street: 'it''s', "
                "number: -1, tags: {'t'}}, scores: {'a': 1}}, [{street: 'L', number: 1, tags: {'q'}}], {'m': {name: 'Bob'}}", 10),
         insert(t, "k, a", "{street: 'Main', number: 1, tags: {'x', 'y'}}, {number: 7}", 10),
         insert(t, "k, c, t", "{street: '', number: 0}, {street: 'c', number: 2}, ({street: 't', number: 3, tags: {}}, 5)", 10)],
        [f"DELETE p FROM {t} USING TIMESTAMP 20 WHERE k = {{street: 'Main', number: 1, tags: {{'x', 'y'}}}} AND c = {{street: 'Side', number: 2}}"],
    ], types=types, copy=False)


def user_types():
    """Non-frozen ones: since 3.6."""
    t = f"{KS}.user_types"
    return Case(KS, "user_types", "k int PRIMARY KEY, a place, f frozen<place>, l list<frozen<place>>", [
        [insert(t, "k, a, f", "1, {street: 'Main', number: 1, tags: {'x', 'y'}}, {street: 'Side', number: 2}", 10),
         insert(t, "k, a, l", "2, {street: 'only'}, [{number: 5}, {street: 'x', tags: {'t'}}]", 10), insert(t, "k, a", "3, {street: 'whole', number: 3}", 10)],
        [f"UPDATE {t} USING TIMESTAMP 20 SET a.street = 'changed', a.number = null WHERE k = 1", f"DELETE a FROM {t} USING TIMESTAMP 20 WHERE k = 3",
         f"UPDATE {t} USING TIMESTAMP 20 AND TTL 1 SET a.number = 9 WHERE k = 2", f"DELETE a.street FROM {t} USING TIMESTAMP 20 WHERE k = 2"],
    ], types=["place (street text, number int, tags frozen<set<text>>)"])


def static_compact():
    """Neither dense nor compound: the cells of a partition are those of its static row."""
    t = f"{KS}.static_compact"
    return compact(Case(KS, "static_compact", 'k text PRIMARY KEY, a int, "B" text, f frozen<list<int>>', [
        [insert(t, 'k, a, "B", f', f"'key{i}', {i}, 'b{i}', [{i}]", 10) for i in range(6)] + [insert(t, "k, a", "'partly', 1", 10, ttl=300000000)],
        [f'DELETE "B" FROM {t} USING TIMESTAMP 20 WHERE k = \'key1\'', f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 'key2'",
         insert(t, "k, a", "'key3', -3", 20, ttl=1), insert(t, 'k, "B"', "'key2', 'again'", 30), insert(t, "k, a", "'short', 1", 20, ttl=1),
         f"UPDATE {t} USING TIMESTAMP 20 SET a = null WHERE k = 'partly'"],
    ]))


def counted_compact():
    t = f"{KS}.counted_compact"
    return compact(Case(KS, "counted_compact", "k int PRIMARY KEY, n counter, m counter", [
        [f"UPDATE {t} SET n = n + {k}, m = m - 1 WHERE k = {k}" for k in range(5)], [f"UPDATE {t} SET n = n + 10 WHERE k = 2", f"DELETE m FROM {t} WHERE k = 3"]]))


def dense():
    t = f"{KS}.dense"
    return compact(Case(KS, "dense", "k int, c text, v int, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, v", f"{k}, 'c{c}', {k * c}", 10) for k in range(3) for c in range(6)],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 0 AND c > 'c1' AND c < 'c4'", f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 1 AND c = 'c2'",
         f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 2", insert(t, "k, c, v", "2, 'c9', 9", 21), insert(t, "k, c, v", "1, 'c3', 9", 20, ttl=1),
         f"DELETE v FROM {t} USING TIMESTAMP 20 WHERE k = 1 AND c = 'c4'"],
    ]))


def dense_compound():
    t = f"{KS}.dense_compound"
    return compact(Case(KS, "dense_compound", "a int, b text, c int, d timestamp, v blob, PRIMARY KEY ((a, b), c, d)", [
        [insert(t, "a, b, c, d, v", f"{i % 3}, 'b', {i}, {i * 1000}, 0x{i:04x}", 10) for i in range(15)],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE a = 0 AND b = 'b' AND c >= 6", f"DELETE FROM {t} USING TIMESTAMP 20 WHERE a = 1 AND b = 'b' AND c = 4 AND d = 4000"],
    ], order="c DESC, d ASC"))


def dense_keys():
    """No column beside the key."""
    t = f"{KS}.dense_keys"
    return compact(Case(KS, "dense_keys", "k text, c int, d int, PRIMARY KEY (k, c, d)", [
        [insert(t, "k, c, d", f"'k{i % 2}', {i}, {-i}", 10) for i in range(8)], [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 'k0' AND c = 2"]]))


def dense_prefix():
    """Rows that have only the first of their clustering columns, which only these tables can have."""
    t = f"{KS}.dense_prefix"
    return compact(Case(KS, "dense_prefix", "k int, c text, d int, e text, v int, PRIMARY KEY (k, c, d, e)", [
        [insert(t, "k, c, v", f"1, 'c{i}', {i}", 10) for i in range(3)] + [insert(t, "k, c, d, v", f"1, 'c{i}', {i}, {-i}", 10) for i in range(3)]
        + [insert(t, "k, c, d, e, v", f"1, 'c{i}', {i}, 'e', 100", 10) for i in range(1, 4)],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 1 AND c = 'c1'", insert(t, "k, c, v", "1, 'c2', 50", 20), insert(t, "k, c, v", "2, '', 7", 20)]]))


def dense_counted():
    t = f"{KS}.dense_counted"
    return compact(Case(KS, "dense_counted", "k int, c int, n counter, PRIMARY KEY (k, c)", [
        [f"UPDATE {t} SET n = n + {c} WHERE k = {k} AND c = {c}" for k in range(2) for c in range(4)], [f"UPDATE {t} SET n = n + 10 WHERE k = 1 AND c = 2"]]))


def shards():
    return Case(KS, "shards", "k int, c int, n counter, PRIMARY KEY (k, c)", [[f"shards {KS}.shards"], [f"UPDATE {KS}.shards SET n = n + 1 WHERE k = 1 AND c = {c}" for c in range(6)]])


def super_columns():
    return Case(KS, "supers", None, [[f"super {KS}.supers"]])


def wide(name, order):
    """Blocks of the row index, and range deletions over several."""
    t = f"{KS}.{name}"
    delete = f"DELETE FROM {t} USING TIMESTAMP %d WHERE k = 'big' AND %s"
    return Case(KS, name, "k text, c int, d text, v text, s text static, PRIMARY KEY (k, c, d)", [
        [insert(t, "k, c, d, v", f"'big', {i}, 'd{i % 3}', '{words(i % 50, 40)}'", 1000) for i in range(150)]
        + [insert(t, "k, s", "'big', 'static'", 1000), insert(t, "k, c, d, v", "'small', 1, 'd', 'v'", 1000), delete % (900, "c > 15 AND c < 75"),
           delete % (1100, "c >= 50 AND c <= 54")],
        [delete % (2000, "c > 7 AND c <= 40"), delete % (2001, "c >= 30 AND c < 48"), delete % (2002, "c = 99")]
        + [insert(t, "k, c, d, v", f"'big', {i}, 'd0', 'over'", 3000) for i in range(0, 150, 12)],
    ], order=order)


def big_keys():
    t = f"{KS}.big_keys"
    return Case(KS, "big_keys", "k text, c text, v int, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, v", f"'{str(i % 3) * 20000}', '{'xyz'[i % 3] * (30000 + i)}', {i}", 10) for i in range(6)] + [insert(t, "k, c, v", "'a:b/c%', '', 1", 10)]])


def many_columns():
    """More than 64 columns: subsets are lists."""
    t, names = f"{KS}.many_columns", [f"c{i:02}" for i in range(70)]
    chosen = [names, names[5:], names[:3], names[::9], names[1:-1]]
    rows = [insert(t, ", ".join(["k", *some]), ", ".join(str(k + i) for i in range(len(some) + 1)), 10) for k, some in enumerate(chosen)]
    return Case(KS, "many_columns", "k int PRIMARY KEY, " + ", ".join(f"{name} int" for name in names), [rows])


def altered():
    t = f"{KS}.altered"
    return Case(KS, "altered", "k int, c int, a int, gone int, gone_list list<int>, gone_static text static, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, a, gone, gone_list, gone_static", f"{k}, {c}, 1, 2, [3, 4], 'static'", 10) for k in range(2) for c in range(2)],
        [f"ALTER TABLE {t} DROP gone", f"ALTER TABLE {t} DROP gone_list", f"ALTER TABLE {t} DROP gone_static", f"ALTER TABLE {t} ADD b text",
         f"ALTER TABLE {t} ADD s int static", f"ALTER TABLE {t} RENAME c TO renamed",
         insert(t, "k, renamed, b", "0, 0, 'new'", 20), insert(t, "k, s", "1, 5", 20), insert(t, "k, renamed, b, a", "3, 3, 'x', 9", 20)],
    ])


def codecs(names):
    """An SSTable of each codec."""
    t = f"{KS}.codecs"
    settings = ["{'class': '%s', 'chunk_length_in_kb': 4}" % name for name in names] + ["{'enabled': 'false'}"]
    return Case(KS, "codecs", "k int PRIMARY KEY, v text", [
        [f"ALTER TABLE {t} WITH compression = {setting}"] + [insert(t, "k, v", f"{k}, '{words(k, 30)}'", 10 + i) for k in range(0, 50, 2 * i + 1)]
        for i, setting in enumerate(settings)], codec=("none", 0))


def partitioned(keyspace):
    """Tables whose partitions are in the order of another partitioner."""
    keys = f"{keyspace}.keys"
    mixed = f"{keyspace}.composite"
    return [
        Case(keyspace, "keys", "k text PRIMARY KEY, v int", [
            [insert(keys, "k, v", f"'{k}', {i}", 10) for i, k in enumerate(["a", "b", "aa", "é", "Z", "0", "longer key", "~", "a:b"] + [f"key{i}" for i in range(150)])],
            [f"DELETE FROM {keys} USING TIMESTAMP 20 WHERE k = 'key{i}'" for i in range(0, 150, 20)] + [insert(keys, "k, v", "'new', 1", 20)]]),
        Case(keyspace, "composite", "a int, b text, c int, v int, PRIMARY KEY ((a, b), c)", [
            [insert(mixed, "a, b, c, v", f"{i % 7 - 3}, 'b{i % 2}', {i}, {i}", 10) for i in range(30)],
            [f"DELETE FROM {mixed} USING TIMESTAMP 20 WHERE a = 1 AND b = 'b0'"]]),
    ]


OTHER_PARTITIONERS = {"randomly": "RandomPartitioner", "ordered": "ByteOrderedPartitioner"}


def cases(release):
    """The tables of a release, as its numbers; those of other partitioners are in the keyspaces of OTHER_PARTITIONERS."""
    chosen = [next(case for case in theme.CASES if case.name == name) for theme, names in SHARED.items() for name in names]
    # Before 4.0 there are no literals for reversed collections and tuples.
    chosen += [dataclasses.replace(case, order=case.order if release >= (4,) else "") for case in collections.CASES if case.name in ("nested_keys", "tuples")]
    chosen += [every_type(), frozen_types(), static_compact(), counted_compact(), dense(), dense_compound(), dense_keys(), dense_prefix(), dense_counted(), shards(),
               wide("wide", "c ASC, d DESC"), wide("wide_desc", "c DESC, d ASC"), big_keys(), many_columns(), altered()]
    classes = ["LZ4Compressor", "SnappyCompressor", "DeflateCompressor"] + (["ZstdCompressor"] if release >= (4,) else [])
    chosen.append(codecs(classes))
    if release >= (3, 6):
        chosen.append(user_types())
    if release >= (3, 11, 10):
        # Before, empty values stand at the wrong end of reversed columns: no order that 5.0 would read.
        chosen += [case for case in primitives.CASES if case.name == "empty_clusterings"]
    if release >= (3, 10):
        chosen.append(durations())
    if release < (4,):
        chosen.append(super_columns())
    for keyspace in OTHER_PARTITIONERS:
        chosen += partitioned(keyspace)
    kinds = [name.removesuffix("Compressor").lower() for name in classes] + ["none"]
    return [dataclasses.replace(case, codec=case.codec if case.name == "codecs" else (kinds[i % len(kinds)], (16, 4, 64)[i % 3])) for i, case in enumerate(chosen)]
