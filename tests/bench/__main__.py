"""``python -m tests.bench [work ...]``: measure, print a table, and write ``var/bench.json``."""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

import django

django.setup()

from tests.bench.frame import Figures, find_works, print_table, write_json  # noqa: E402 -- likewise
from tests.bench.scratch import scratch_data, scratch_database  # noqa: E402 -- likewise

OUTPUT = Path(__file__).resolve().parents[2] / "var" / "bench.json"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("works", nargs="*", help="which works; all without any")
    parser.add_argument("--keepdb", action="store_true", help="keep the scratch database for the next run")
    options = parser.parse_args(arguments)

    works = find_works()
    if unknown := set(options.works) - set(works):
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(works)}")
    rows: list[Figures] = []
    with scratch_database(keep=options.keepdb):
        for name in options.works or works:
            module = import_module(works[name])
            for size in module.SIZES:
                with scratch_data():
                    found = module.run(size)
                rows.extend(found if isinstance(found, list) else [found])
    print_table(rows)
    write_json(rows, OUTPUT)


if __name__ == "__main__":
    main(sys.argv[1:])
