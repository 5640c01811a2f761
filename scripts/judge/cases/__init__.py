"""The golden tables, one file a theme. Each theme is a list CASES of its keyspace's tables, in the order of creation."""

import importlib

THEMES = ["primitives", "collections", "keys", "statics", "deletions", "alterations", "sizes", "places"]


def all_cases(only=None):
    cases = []
    for theme in only or THEMES:
        cases += importlib.import_module(f"{__name__}.{theme}").CASES
    return cases
