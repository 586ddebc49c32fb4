#!/usr/bin/env python3
"""The tree keeps its own rules: who may include whom, where clocks and threads may be touched, what a file may be.

Run from anywhere; prints every breach as file:line and exits 1 if there is one. A line may carry the marker
`tidy:allow-<rule>: reason` to be left alone.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# folder -> folders it may include (besides itself and the standard library)
MAY_INCLUDE = {
    "messages": set(),
    "core": {"messages"},
    "net": {"messages"},
    "config": {"messages"},
    "persistence": {"messages"},
    "broker": {"messages", "net", "core", "persistence"},
    "sources": {"messages", "core", "net", "persistence"},
    "actors": {"messages", "core", "broker", "persistence", "config", "sources"},
    "api": {"messages", "core", "net", "persistence", "sources"},
    "backtest": {"messages", "core", "net", "sources"},
}
CAF_HEADERS = {"interfaces.hpp", "registration.hpp"}
CAF_ALLOWED = {"actors", "app", "tests", "bench", "sim"}
CLOCK_ALLOWED = {"app", "broker", "persistence", "net", "api", "bench", "tests"}
CLOCK = re.compile(r"(system_clock::now|steady_clock::now|std::random_device|sleep_for|sleep_until|\busleep\(|std::thread\b|gettimeofday|\btime\(nullptr\))")
FLOAT_MONEY = re.compile(r"\b(double|float)\s+\w*(price|qty|quantity|money|cash|pnl|notional|equity|cost)\b")
UNORDERED_LOOP = re.compile(r"for\s*\(.*:\s*\w*unordered")


def files():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cpp", "*.hpp"],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [Path(p) for p in out if (ROOT / p).exists()]


def check_file(path):
    folder = path.parts[0]
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        def breach(rule, what):
            if f"tidy:allow-{rule}" not in line:
                yield f"{path}:{number}: {rule}: {what}"
        include = re.match(r'\s*#include\s+"([a-z_]+)/', line)
        if include and folder in MAY_INCLUDE:
            other = include.group(1)
            allowed = MAY_INCLUDE[folder]
            if other != folder and other not in allowed:
                yield from breach("direction", f"{folder}/ may not include {other}/")
        if re.match(r"\s*#include\s+<caf/", line) and folder not in CAF_ALLOWED and path.name not in CAF_HEADERS:
            yield from breach("caf", "CAF belongs to actors/, app/ and two headers of messages/")
        if re.match(r"\s*#include\s+<(boost/(asio|beast))", line) and folder not in {"net", "bench", "tests"}:
            yield from breach("beast", "Beast and Asio stay behind net/")
        if folder not in CLOCK_ALLOWED and CLOCK.search(line):
            yield from breach("clock", "time, chance and threads are injected")
        if re.match(r"using namespace ", line) and "literals" not in line and folder not in {"tests", "bench"}:
            yield from breach("using", "no using namespace")
        if folder not in {"tests", "bench"} and FLOAT_MONEY.search(line):
            yield from breach("float", "money, prices and quantities are Decimal")
        if UNORDERED_LOOP.search(line):
            yield from breach("order", "do not iterate unordered containers where order can be seen")
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield from breach("todo", "finish it or write an issue")
    if len(lines) > 800:
        yield f"{path}:1: size: {len(lines)} lines; a file has one subject"
    if path.suffix == ".hpp":
        if "#pragma once" not in text:
            yield f"{path}:1: header: no #pragma once"
        if not text.startswith("//"):
            yield f"{path}:1: header: the first line says what it is for"


def main():
    breaches = [b for path in files() for b in check_file(path)]
    print("\n".join(breaches) if breaches else "tidy: nothing to say")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
