"""Equality of JSON text: byte for byte, but for the digits of floats.

Cassandra on JDK 17 sometimes prints more digits than are needed (1.79814545080213197E18 for 1.798145450802132E18); JDK 19 and sstablefs print the shortest that read back the same. So a number may differ from
the expected one exactly when it is that shortest form of it.
"""
import json
import re

from .compare_types import java_float

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[0-9.eE+-]*|[^"\d-]+|-', re.S)
JAVA_FLOAT = re.compile(r'-?\d+\.\d+(?:E-?\d+)?')


def equal(expected, actual, floats=None):
    """floats: {column as SELECT JSON names it: the bits of the floats that it may hold}; None where the columns are not known."""
    if expected == actual:
        return True
    left, right = TOKEN.findall(expected), TOKEN.findall(actual)
    if len(left) != len(right) or not all(e == a or token_equal(e, a) for e, a in zip(left, right)):
        return False
    if floats is None:
        return True
    theirs, ours = load(expected), load(actual)
    return all(value == ours[column] or values_equal(value, ours[column], floats.get(column, ())) for column, value in theirs.items())


def values_equal(expected, actual, widths):
    if isinstance(expected, dict) and isinstance(actual, dict):
        return (len(expected) == len(actual) and values_equal(list(expected), list(actual), widths)
                and values_equal(list(expected.values()), list(actual.values()), widths))
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(values_equal(e, a, widths) for e, a in zip(expected, actual))
    return expected == actual or bool(widths) and isinstance(expected, str) and token_equal(f'"{expected}"', f'"{actual}"', widths)


def token_equal(expected, actual, widths=(64, 32)):
    """Also inside a string: the key of a map is printed as one, and holds floats or JSON of its own."""
    if expected.startswith('"') and actual.startswith('"'):
        left, right = JAVA_FLOAT.split(expected), JAVA_FLOAT.split(actual)
        if left != right:
            return False
        pairs = zip(JAVA_FLOAT.findall(expected), JAVA_FLOAT.findall(actual))
        return all(e == a or shortest(e, a, widths) for e, a in pairs)
    return bool(JAVA_FLOAT.fullmatch(expected)) and shortest(expected, actual, widths)


def shortest(expected, actual, widths):
    try:
        value = float(expected)
        if len(expected) <= len(actual):
            return False
        return actual in [java_float(value, bits) for bits in widths]
    except (ValueError, OverflowError):
        return False


def load(line):
    """A row as {column: value}; floats and decimals stay text, so no digit is lost."""
    return json.loads(line, parse_float=str)


def difference(expected, actual):
    """Where two lines part, short enough to read."""
    at = next((i for i, (e, a) in enumerate(zip(expected, actual)) if e != a), min(len(expected), len(actual)))
    start = max(0, at - 80)
    return f'at {at}:\n      expected …{expected[start:at + 160]!r}\n      actual   …{actual[start:at + 160]!r}'
