"""Every primitive type, as partition key, as clustering column (both orders) and as value, with its edge values."""

from ..case import Case

KS = "primitives"

TEXTS = ["a", "B", "b", "é", "ß", "日本", "😀", "it''s", 'say "hi"', "two\nlines", "tab\there", "back\\slash", "\x01\x1f\x7f",
         " lead", "trail ", "\u2028", "\ufeff", "ü", "null", "-", "1", "true", "a,b", "a:b", "a%2Fb", "\r\n", "{}", "\U0010ffff"]

# Literals of each type. The float values are those that every Java prints alike.
EDGES = {
    "ascii": ["'a'", "'B'", "''", "'it''s'", "'~'", "'\x01'", "'\x7f'", "'new\nline'", "'0'"],
    "bigint": ["0", "1", "-1", "9223372036854775807", "-9223372036854775808", "4294967296", "-255", "256"],
    "blob": ["0x", "0x00", "0xff", "0x00ff", "0xdeadbeef", "0x7f", "0x80", "0x" + "ab" * 40],
    "boolean": ["true", "false"],
    "date": ["'1970-01-01'", "'1969-12-31'", "'2024-02-29'", "'0001-01-01'", "'-0044-03-15'", "0", "4294967295", "'9999-12-31'"],
    # Different numbers: of clusterings that are equal and not the same, as 1.5 and 1.50, Cassandra shows any one.
    "decimal": ["0E-10", "1", "-1.5", "1E+30", "-1E-100", "1.50", "0.1", "99.999", "-99.999", "9" * 100 + ".25"],
    "double": ["0.0", "-0.0", "1.0", "-1.0", "NaN", "Infinity", "-Infinity", "4.9E-324", "1.7976931348623157E308",
               "1.0E7", "0.001", "1.0E-4", "123456.789", "-2.5E10"],
    "float": ["0.0", "-0.0", "1.0", "-1.0", "NaN", "Infinity", "-Infinity", "1.4E-45", "3.4028235E38", "1.0E7", "0.001",
              "1.0E-4", "1.5", "-2.5E10"],
    "inet": ["'127.0.0.1'", "'0.0.0.0'", "'255.255.255.255'", "'::1'", "'::'", "'2001:db8::ff00:42:8329'", "'fe80::1'"],
    "int": ["0", "1", "-1", "2147483647", "-2147483648", "65536", "-129"],
    "smallint": ["0", "1", "-1", "32767", "-32768", "255"],
    "text": ["''"] + [f"'{text}'" for text in TEXTS],
    "time": ["'00:00:00'", "'23:59:59.999999999'", "'12:00:00'", "'01:02:03.004'", "'08:30:00.000001'", "1"],
    "timestamp": ["0", "-1", "1", "'2024-02-29 12:34:56.789+0000'", "'1969-12-31 23:59:59.999Z'", "-62135596800000",
                  "253402300799000", "951782400000"],
    "timeuuid": ["00000000-0000-1000-8080-808080808080", "ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f",
                 "13814000-1dd2-11b2-8080-808080808080", "13814000-1dd2-11b2-7f7f-7f7f7f7f7f7f",
                 "c2d3b1a0-9e8f-11ee-8c90-0242ac120002", "c2d3b1a1-9e8f-11ee-8c90-0242ac120002"],
    "tinyint": ["0", "1", "-1", "127", "-128"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
             "f47ac10b-58cc-4372-a567-0e02b2c3d479", "c2d3b1a0-9e8f-11ee-8c90-0242ac120002",
             "00000000-0000-1000-8000-000000000000", "7fffffff-ffff-4fff-8fff-ffffffffffff"],
    "varint": ["0", "1", "-1", "127", "128", "-128", "-129", "1" * 100, "-" + "9" * 100, "340282366920938463463374607431768211456"],
}

DURATIONS = ["0s", "1y2mo3w4d5h6m7s8ms9us10ns", "-1d", "1ns", "-2mo3d4h", "2147483647mo2147483647d", "P1Y2M3DT4H5M6S",
             "2562047h47m16s854ms775us807ns", "89h", "12mo"]


def keyed(type_name, number):
    """k and c run through the edges: c for one key, k for one c. An empty partition key is not allowed."""
    edges = EDGES[type_name]
    keys = [edge for edge in edges if edge not in ("''", "0x")]
    insert = "INSERT INTO {}.{} (k, c, v) VALUES ({}, {}, {}) USING TIMESTAMP {}"
    first, second = [], []
    for i, edge in enumerate(edges):
        target = first if i % 2 == 0 else second
        target.append(insert.format(KS, type_name + "s", keys[0], edge, edges[-1 - i], 1000 + i))
    for i, key in enumerate(keys[1:]):
        target = second if i % 3 == 0 else first
        target.append(insert.format(KS, type_name + "s", key, edges[i % len(edges)], key, 2000 + i))
    # An overwrite and a null, so that the second SSTable changes rows of the first.
    second.append(insert.format(KS, type_name + "s", keys[0], edges[0], edges[1], 3000))
    second.append(f"DELETE v FROM {KS}.{type_name}s USING TIMESTAMP 3001 WHERE k = {keys[0]} AND c = {edges[-1]}")
    return Case(KS, type_name + "s", f"k {type_name}, c {type_name}, v {type_name}, PRIMARY KEY (k, c)", [first, second],
                order="c DESC" if number % 2 else "")


def every_type():
    names = list(EDGES) + ["duration"]
    edges = dict(EDGES, duration=DURATIONS, decimal=EDGES["decimal"] + ["0", "-0.0", "1.5", "15E-1"])
    columns = ", ".join(f"c_{name} {name}" for name in names)
    rows = []
    for i in range(max(map(len, edges.values()))):
        values = ", ".join(edges[name][i % len(edges[name])] for name in names)
        rows.append(f"INSERT INTO {KS}.every_type (id, {', '.join('c_' + name for name in names)}) "
                    f"VALUES ({i}, {values}) USING TIMESTAMP {5000 + i}")
    # One column each: rows with few of many columns (the subset is encoded, not a bit map of all).
    for i, name in enumerate(names):
        rows.append(f"UPDATE {KS}.every_type USING TIMESTAMP {6000 + i} SET c_{name} = {edges[name][0]} WHERE id = {100 + i}")
    return Case(KS, "every_type", f"id int PRIMARY KEY, {columns}", [rows[::2], rows[1::2]])


def durations():
    rows = [f"INSERT INTO {KS}.durations (id, d, l) VALUES ({i}, {d}, [{d}]) USING TIMESTAMP {i + 1}"
            for i, d in enumerate(DURATIONS)]
    return Case(KS, "durations", "id int PRIMARY KEY, d duration, l list<duration>", [rows])


def empties():
    """Values of zero bytes, which most types accept. SELECT JSON fails on such a boolean."""
    names = [name for name in EDGES if name not in ("boolean", "blob", "tinyint", "smallint", "date", "time")]
    columns = ", ".join(f"c_{name} {name}" for name in names)
    rows = []
    for i, name in enumerate(names):
        empty = "''" if name in ("ascii", "text") else f"blob_as_{name}(0x)"
        rows.append(f"INSERT INTO {KS}.empties (id, c_{name}) VALUES ({i}, {empty}) USING TIMESTAMP {i + 1}")
    rows.append(f"INSERT INTO {KS}.empties (id) VALUES (100) USING TIMESTAMP 100")
    return Case(KS, "empties", f"id int PRIMARY KEY, {columns}", [rows])


def empty_clusterings():
    rows = []
    for i, (a, b, c) in enumerate([("blob_as_int(0x)", "''", "0x"), ("1", "''", "0x00"), ("1", "'x'", "0x"),
                                   ("blob_as_int(0x)", "'x'", "0xff"), ("-1", "''", "0x")]):
        for key in ("one", "two"):
            rows.append(f"INSERT INTO {KS}.empty_clusterings (k, a, b, c, v) VALUES ('{key}', {a}, {b}, {c}, {i}) "
                        f"USING TIMESTAMP {i + 1}")
    return Case(KS, "empty_clusterings", "k text, a int, b text, c blob, v int, PRIMARY KEY (k, a, b, c)", [rows[::2], rows[1::2]],
                order="a DESC, b ASC, c DESC")


CASES = [keyed(name, number) for number, name in enumerate(EDGES)] + [every_type(), durations(), empties(), empty_clusterings()]
