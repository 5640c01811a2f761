"""Shapes of primary keys: 1 to 3 partition key columns by 0 to 4 clustering columns, names that need quotes, difficult key texts."""

from itertools import product

from ..case import Case, quote

KS = "keys"

# The types take turns, so that each shape has another mixture.
TYPES = ["int", "text", "bigint", "uuid", "blob", "timestamp", "smallint", "decimal", "boolean", "inet", "date", "varint", "ascii", "double",
         "tinyint", "time", "timeuuid", "float"]

VALUES = {
    "int": ["1", "-7", "2147483647"],
    "text": ["'a'", "'Ünï 😀'", "'x:y/z'"],
    "bigint": ["5", "-5", "4294967296"],
    "uuid": ["f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000-0000-0000-0000-000000000001", "c2d3b1a0-9e8f-11ee-8c90-0242ac120002"],
    "blob": ["0x00", "0xffee", "0x3a5c21"],
    "timestamp": ["0", "1700000000123", "-86400000"],
    "smallint": ["3", "-3", "300"],
    "decimal": ["1.10", "-0.5", "1E+3"],
    "boolean": ["true", "false", "true"],
    "inet": ["'10.0.0.1'", "'::1'", "'192.168.0.255'"],
    "date": ["'2024-02-29'", "'1969-12-31'", "'1970-01-01'"],
    "varint": ["12345678901234567890123", "-1", "0"],
    "ascii": ["'k'", "'K'", "'it''s'"],
    "double": ["0.5", "-0.0", "1.0E10"],
    "tinyint": ["1", "-128", "127"],
    "time": ["'10:00:00'", "'23:59:59.999999999'", "0"],
    "timeuuid": ["13814000-1dd2-11b2-8080-808080808080", "c2d3b1a0-9e8f-11ee-8c90-0242ac120002", "c2d3b1a1-9e8f-11ee-8c90-0242ac120002"],
    "float": ["1.5", "-1.5", "0.0"],
}


def shape(keys, clusterings, number):
    types = [TYPES[(number * 5 + i) % len(TYPES)] for i in range(keys + clusterings)]
    names = [f"p{i}" for i in range(keys)] + [f"c{i}" for i in range(clusterings)]
    table = f"p{keys}c{clusterings}"
    columns = [f"{name} {kind}" for name, kind in zip(names, types)] + ["v int", "t text"]
    if clusterings:
        columns.append("s set<int> static")
    key = f"({', '.join(names[:keys])})"
    columns.append(f"PRIMARY KEY ({', '.join([key, *names[keys:]])})")
    order = ", ".join(f"c{i} {'DESC' if (number + i) % 2 else 'ASC'}" for i in range(clusterings))

    insert = "INSERT INTO {}.{} ({}, v, t) VALUES ({}, {}, '{}') USING TIMESTAMP {}"
    phases = [[], []]
    for i, values in enumerate(product(range(3), repeat=len(types))):
        # All combinations of up to four columns; of more, those whose places add up to a multiple of 3 or 5.
        if len(types) > 4 and sum(values) * (i + 1) % 5:
            continue
        literals = [VALUES[kind][value] for kind, value in zip(types, values)]
        phases[i % 2].append(insert.format(KS, table, ", ".join(names), ", ".join(literals), i, f"row {i}", 1000 + i))
    first = [VALUES[kind][0] for kind in types]
    whole = " AND ".join(f"{name} = {value}" for name, value in zip(names[:keys], first))
    phases[1].append(f"DELETE FROM {KS}.{table} USING TIMESTAMP 5000 WHERE "
                     + " AND ".join(f"{name} = {value}" for name, value in zip(names, first)))
    if clusterings:
        phases[0].append(f"INSERT INTO {KS}.{table} ({', '.join(names[:keys])}, s) VALUES ({', '.join(first[:keys])}, {{1, 2}}) "
                         "USING TIMESTAMP 1000")
        phases[1].append(f"DELETE FROM {KS}.{table} USING TIMESTAMP 1500 WHERE {whole} AND c0 = {VALUES[types[keys]][1]}")
    return Case(KS, table, ", ".join(columns), phases, order=order)


# Keys whose text is difficult as a file name: separators of composites and paths, escapes, control characters, length.
TEXTS = ["a:b", "a/b", "100%", "back\\slash", "bang!", "ends\\", "ends!", ".hidden", "..", ".", "line\nbreak", "tab\t", "\x00nul", "\x7f", "%2F",
         "key.json", "key.json.json", "~", "name~", " ", "a b", "x" * 255, "x" * 251, "x" * 250, "y" * 256, "é" * 130, "😀" * 70, "z/" * 200, "a:b:c",
         "\\:", ":", "::", "@", "'", '"', "*?[]", "-rf", "ÀÉ", "A\u0300", "con", "NUL", "café", "@limit=1", "%", "%%", "\u202e", "\x85", "a\\!b", "rows.json",
         "l" * 30000]


def difficult():
    write = f"INSERT INTO {KS}.difficult (k, v) VALUES (?, ?) USING TIMESTAMP ?"
    rows = [(write, (text, i, 1000)) for i, text in enumerate(TEXTS)]
    return Case(KS, "difficult", "k text PRIMARY KEY, v int", [rows[::2], rows[1::2]])


def difficult_parts():
    """The same texts as parts of a composite key, empty ones too."""
    write = f"INSERT INTO {KS}.difficult_parts (a, b, c, v) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
    texts = ["", *TEXTS[:-1]]
    rows = [(write, (text, i % 3, texts[-1 - i], i, 1000)) for i, text in enumerate(texts)]
    return Case(KS, "difficult_parts", "a text, b int, c text, v int, PRIMARY KEY ((a, b, c))", [rows])


def blob_keys():
    """Bytes that are hex in key texts; of every length around the limit of a file name."""
    write = f"INSERT INTO {KS}.blob_keys (k, c, v) VALUES (?, ?, ?) USING TIMESTAMP ?"
    keys = [bytes([i % 256]) * i for i in (1, 2, 100, 120, 122, 123, 124, 125, 126, 127, 128, 130, 255, 256, 300)] + [bytes(range(256))]
    return Case(KS, "blob_keys", "k blob, c blob, v int, PRIMARY KEY (k, c)",
                [[(write, (key, key[::2], i, 1000)) for i, key in enumerate(keys)]], order="c DESC")


def quoted():
    """Names that must be quoted: capitals, blanks, quotes, reserved words."""
    name = "MixedCase"
    t = f'{KS}."{name}"'
    return Case(KS, name, '"Key" int, "select" int, "two words" text static, "quote""d" text, "FROM" map<text, int>, plain int, "Ünïcode" int, '
                '"a.b" int, "1st" int, "\'" text, PRIMARY KEY ("Key", "select")', [
        [f'INSERT INTO {t} ("Key", "select", "two words", "quote""d", "FROM", plain, "a.b", "1st", "\'") '
         f"VALUES (1, {i}, 's', 'q{i}', {{'a': {i}}}, {i}, {i}, {i}, 'x') USING TIMESTAMP 10" for i in range(3)],
        [f'UPDATE {t} USING TIMESTAMP 20 SET "FROM"[\'b\'] = 2, "quote""d" = \'changed\' WHERE "Key" = 1 AND "select" = 2',
         f'DELETE "two words" FROM {t} USING TIMESTAMP 20 WHERE "Key" = 1',
         f'INSERT INTO {t} ("Key", "select", "Ünïcode") VALUES (2, 0, 7) USING TIMESTAMP 10'],
    ], order='"select" DESC')


def reserved():
    name = "table"
    t = f"{KS}.{quote(name)}"
    return Case(KS, name, '"from" text, "token" int, "where" int, "order" int, "limit" int, "ttl" int, "key" int, "value" int, "json" int, '
                'PRIMARY KEY (("from", "token"), "where")', [
        [f'INSERT INTO {t} ("from", "token", "where", "order", "limit", "ttl", "key", "value", "json") '
         f"VALUES ('a', 1, {i}, 1, 2, 3, 4, 5, 6) USING TIMESTAMP 10" for i in range(2)],
    ])


def key_only():
    """No column beside the key."""
    t = f"{KS}.key_only"
    return Case(KS, "key_only", "k int, c int, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c) VALUES ({k}, {c}) USING TIMESTAMP 10" for k in range(3) for c in range(3)],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 0 AND c = 1", f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 1"],
    ])


def partition_only():
    t = f"{KS}.partition_only"
    return Case(KS, "partition_only", "k text PRIMARY KEY", [
        [f"INSERT INTO {t} (k) VALUES ('{k}') USING TIMESTAMP 10" for k in "abcde"],
        [f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 'b'", f"INSERT INTO {t} (k) VALUES ('f') USING TIMESTAMP 10 AND TTL 1"],
    ])


def many_sstables():
    """Six SSTables that each know something of the same rows."""
    t = f"{KS}.many_sstables"
    phases = []
    for phase in range(6):
        statements = [f"UPDATE {t} USING TIMESTAMP {10 + phase} SET v{phase} = {phase}, shared = {phase} WHERE k = {k} AND c = {c}"
                      for k in range(8) for c in range(4) if (k + c + phase) % 3]
        if phase % 2:
            statements.append(f"DELETE FROM {t} USING TIMESTAMP {10 + phase} WHERE k = {phase}")
            statements.append(f"INSERT INTO {t} (k, c) VALUES ({phase}, 0) USING TIMESTAMP {11 + phase}")
        phases.append(statements)
    return Case(KS, "many_sstables", "k int, c int, shared int, " + ", ".join(f"v{i} int" for i in range(6)) + ", PRIMARY KEY (k, c)", phases)


CASES = [shape(keys, clusterings, number) for number, (keys, clusterings) in enumerate(product((1, 2, 3), range(5)))]
CASES += [difficult(), difficult_parts(), blob_keys(), quoted(), reserved(), key_only(), partition_only(), many_sstables()]
