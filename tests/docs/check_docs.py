#!/usr/bin/env python3
"""The documents say what is: links, command lines, configuration keys, metrics, alert codes and the tests behind the
promises are held against the tree and the binary.

    check_docs.py [--heed PATH]

Without --heed the checks that need the binary are left out, and the last line says so. Prints each breach as file:line
and exits 1 if there is one.
"""
import argparse
import functools
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\bheed_[a-z0-9_]+\b")
ALERT_CALL = re.compile(r"\balert\((?P<arguments>[^;]*);", re.S)
CODE = re.compile(r'"([A-Z]{3,}(?:_[A-Z]+)*)"')


def documents():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(Path(p) for p in out if p and (ROOT / p).exists())


def lines_of(path):
    return (ROOT / path).read_text(encoding="utf-8").split("\n")


def read(*paths):
    return "\n".join(p.read_text(encoding="utf-8") for path in paths for p in sorted(ROOT.glob(path)))


# ---- links ----------------------------------------------------------------------------------------------------------

def anchor_of(heading):
    """The anchor that GitHub makes of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@functools.lru_cache(maxsize=None)
def anchors_of(path):
    found, fenced = set(), False
    for line in path.read_text(encoding="utf-8").split("\n"):
        fenced ^= line.startswith("```")
        heading = re.match(r"#+ (.*)", line)
        if heading and not fenced:
            found.add(anchor_of(heading.group(1)))
    return found


def check_links(path):
    fenced = False
    for number, line in enumerate(lines_of(path), 1):
        fenced ^= line.startswith("```")
        if fenced:
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            there = ((ROOT / path).parent / name).resolve() if name else ROOT / path
            if ROOT not in (there, *there.parents):
                yield f"{path}:{number}: link out of the tree: {target}"
            elif not there.exists():
                yield f"{path}:{number}: link to nothing: {target}"
            elif anchor and there.suffix == ".md" and anchor not in anchors_of(there):
                yield f"{path}:{number}: no such heading: {target}"


# ---- command lines --------------------------------------------------------------------------------------------------

class Binary:
    """What `heed <command> --help` says of commands and options."""

    def __init__(self, path):
        self.path = path
        self.known = {}

    def run(self, *arguments):
        return subprocess.run([self.path, *arguments], capture_output=True, text=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL)

    def help(self, command):
        """(options -> takes a value, subcommands, positionals), or None where there is no such command."""
        if command not in self.known:
            answer = self.run(*command, "--help")
            self.known[command] = self.parse(answer.stdout) if answer.returncode == 0 else None
        return self.known[command]

    @staticmethod
    def parse(text):
        options, parts, section = {}, {"Subcommands": set(), "Positionals": set()}, ""
        for line in text.split("\n"):
            title = re.match(r"([A-Z]\w+):$", line)
            if title:
                section = title.group(1)
                continue
            entry = re.match(r"  (\S+)(.*)", line)
            if not entry:
                continue
            if section == "Options":
                value = re.match(r" [A-Z]", entry.group(2)) is not None
                for name in entry.group(1).split(","):
                    options[name] = value
            elif section in parts:
                parts[section].add(entry.group(1))
        return options, parts["Subcommands"], parts["Positionals"]

    def fault(self, words):
        """What is wrong with `heed WORDS`, or None."""
        options, commands, positionals = self.help(())
        everywhere, command, waiting, given = dict(options), (), False, 0
        for word in words:
            if waiting:
                waiting = False
            elif word.startswith("-") and word != "-":
                name, _, value = word.partition("=")
                if name not in options and name not in everywhere:
                    return f"`heed {' '.join(command)}` has no option {name}"
                waiting = not value and options.get(name, everywhere.get(name, False))
            elif word in commands:
                command += (word,)
                found = self.help(command)
                if found is None:
                    return f"there is no command `heed {' '.join(command)}`"
                options, commands, positionals = found
            elif commands and not positionals:
                return f"there is no command `heed {' '.join((*command, word))}`"
            else:
                given += 1
        if waiting:
            return "an option lacks its value"
        if given > len(positionals):
            return f"`heed {' '.join(command)}` takes {len(positionals)} words, here are {given}"
        return None


def command_lines(path):
    """Lines of code blocks that begin with heed, and `heed ...` in running text."""
    fenced = False
    for number, line in enumerate(lines_of(path), 1):
        if line.startswith("```"):
            fenced = not fenced
            continue
        if fenced:
            texts = re.findall(r"^(?:\$ |ExecStart=\S*/)?(?:build/)?(heed [^#|>&]*)", line)
            texts = [t for t in texts if not re.match(r"heed (\d|[a-z]+:)", t)]  # what the program printed
        else:
            texts = re.findall(r"`(heed [^`]*)`", line)
        for text in texts:
            yield number, text


def commented_lines():
    """`heed ...` at the end of a comment in a sample configuration."""
    for path in sorted((ROOT / "deploy").rglob("*.toml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if found := re.match(r"#.*: (heed [a-z].*)$", line):
                yield path.relative_to(ROOT), number, found.group(1)


def check_commands(lines, binary):
    for path, number, text in lines:
        try:
            words = shlex.split(text)[1:]
        except ValueError as e:
            yield f"{path}:{number}: `{text}`: {e}"
            continue
        if fault := binary.fault(words):
            yield f"{path}:{number}: `{text}`: {fault}"


# ---- configuration keys ---------------------------------------------------------------------------------------------

def known_keys(binary):
    """{table: {key}} as the commented sample of the binary has them."""
    tables, table = {}, ""
    for line in binary.run("config", "default").stdout.split("\n"):
        if header := re.match(r"\[+([a-z_.]+)\]+$", line):
            table = header.group(1)
            tables.setdefault(table, set())
        elif key := re.match(r"#?([a-z_]+) = ", line) or re.match(r"# Not set(?:: |\. For example: )([a-z_]+)", line):
            tables[table].add(key.group(1))
    return tables


def keys_named(path):
    """`[table]`, `table.key`, and `key = value` in running text and tables."""
    fenced = False
    for number, line in enumerate(lines_of(path), 1):
        fenced ^= line.startswith("```")
        if fenced:
            continue
        for code in re.findall(r"`([^`]+)`", line):
            if found := re.fullmatch(r"\[+([a-z_.]+)\]+", code):
                yield number, found.group(1), None
            elif found := re.fullmatch(r"([a-z]+(?:\.risk)?)\.([a-z_]+)(?: = .*)?", code):
                yield number, found.group(1), found.group(2)
            elif found := re.fullmatch(r"([a-z]+(?:_[a-z]+)*) = \S.*", code):
                yield number, None, found.group(1)


def check_keys(path, tables):
    every = set().union(*tables.values())
    for number, table, key in keys_named(path):
        if table and not key and table not in tables:
            yield f"{path}:{number}: there is no configuration table [{table}]"
        elif table in tables and key and key not in tables[table] and key not in FILE_ENDINGS:
            yield f"{path}:{number}: there is no configuration key {table}.{key}"
        elif not table and key not in every:
            yield f"{path}:{number}: there is no configuration key {key}"


def check_samples(path, tables):
    """Blocks of TOML: each table and key is one of the binary's."""
    inside, table = False, ""
    for number, line in enumerate(lines_of(path), 1):
        if line.startswith("```"):
            inside, table = line == "```toml", ""
        elif inside and (header := re.match(r"\[+([a-z_.]+)\]+", line)):
            table = header.group(1)
            if table not in tables:
                yield f"{path}:{number}: there is no configuration table [{table}]"
        elif inside and (key := re.match(r"([a-z_]+) *=", line)) and key.group(1) not in tables.get(table, ()):
            yield f"{path}:{number}: there is no configuration key {table}.{key.group(1)}"


FILE_ENDINGS = {"hpp", "cpp", "md", "json", "sock", "db", "toml"}


def check_limit_keys(tables):
    """The keys in the table of limits, which stand there without their table."""
    path = Path("docs/states.md")
    for number, line in enumerate(lines_of(path), 1):
        if re.match(r"\| \d+ \|", line):
            for key in re.findall(r"`([a-z_]+)`", line.split("|")[4]):
                if key not in tables["account.risk"]:
                    yield f"{path}:{number}: there is no limit {key} in [account.risk]"
    named = read("docs/states.md")
    for key in sorted(tables["account.risk"]):
        if f"`{key}`" not in named:
            yield f"{path}:1: the limit {key} is not explained"


# ---- metrics and alerts -----------------------------------------------------------------------------------------------

def check_metrics():
    operations = Path("docs/operations.md")
    code = set(re.findall(r'"(heed_[a-z0-9_]+)"', read("app/metrics.cpp", "app/edge.cpp", "api/*.cpp")))
    if len(set(re.findall(r'"(heed_[a-z0-9_]+)"', read("app/metrics.cpp")))) < 10:
        yield "app/metrics.cpp:1: the metrics cannot be found here any more; mend this test"
    rows = {m.group(1) for line in lines_of(operations) if (m := re.match(r"\| `(heed_[a-z0-9_]+)` \|", line))}
    for name in sorted(code - rows):
        yield f"{operations}:1: the metric {name} has no row"
    for path in documents():
        for number, line in enumerate(lines_of(path), 1):
            for name in METRIC.findall(line):
                if name not in code and not re.match(NOT_METRICS, name):
                    yield f"{path}:{number}: there is no metric {name}"


NOT_METRICS = r"heed_(library|test|program|common|app|tests)$|heed_$"


def check_alerts():
    operations = Path("docs/operations.md")
    code = set()
    for call in ALERT_CALL.finditer(read("core/*.cpp")):
        code |= set(CODE.findall(call.group("arguments")))
    if len(code) < 10:
        yield "core/position.cpp:1: the alerts cannot be found here any more; mend this test"
    rows = {}
    for number, line in enumerate(lines_of(operations), 1):
        if m := re.match(r"\| `([A-Z_]+)` \| (info|warning|critical)", line):
            rows[m.group(1)] = number
    for name in sorted(code - set(rows)):
        yield f"{operations}:1: the alert {name} has no row"
    for name in sorted(set(rows) - code):
        yield f"{operations}:{rows[name]}: no code raises {name}"


# ---- tests named in the promises --------------------------------------------------------------------------------------

def test_names():
    """What the tests of the tree are called: cases of Catch2, functions of the Python tests."""
    names = set()
    for pieces in re.findall(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', read("tests/**/*.cpp")):
        names.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', pieces)))
    return names | set(re.findall(r"^\s*def (test_\w+)", read("tests/**/*.py"), re.M))


def check_named_tests():
    """Every test that docs/promises.md names is there, each failure has one, and each scenario is one of the code's."""
    path = Path("docs/promises.md")
    names, section, failures = test_names(), "", set()
    if len(names) < 100:
        yield f"{path}:1: the tests cannot be found here any more; mend this test"
    scenarios = set(re.findall(r'(?:Making\{|fate\()\s*"(\w+)"', read("sim/crash_scenarios.cpp")))
    rows = set()
    for number, line in enumerate(lines_of(path), 1):
        if line.startswith("## "):
            section = line[3:]
        if section == "Failures by name" and line.startswith("| ") and "`" in line:
            for name in re.findall(r"`([^`]+)`", line.rstrip(" |").rsplit("|", 1)[1]):
                failures.add(name)
                if name not in names:
                    yield f"{path}:{number}: there is no test named: {name}"
        if section == "Crash points" and (row := re.match(r"\| `(\w+)` \|", line)):
            rows.add(row.group(1))
            if row.group(1) not in scenarios:
                yield f"{path}:{number}: there is no scenario {row.group(1)}"
    for number in range(1, 13):
        if not any(name.startswith(f"failure {number:02}:") for name in failures):
            yield f"{path}:1: failure {number:02} has no test"
    for name in sorted(scenarios - rows):
        yield f"{path}:1: the scenario {name} has no row"


# ---- folders ----------------------------------------------------------------------------------------------------------

def check_folders():
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for folder in sorted({p.split("/")[0] for p in out if "/" in p and not p.startswith(".")}):
        if not (ROOT / folder / "README.md").exists():
            yield f"{folder}/: has no README.md"
    numbers = {}
    for page in sorted((ROOT / "docs/decisions").glob("[0-9]*.md")):
        other = numbers.setdefault(page.name[:4], page.name)
        if other != page.name:
            yield f"docs/decisions/{page.name}: the number is taken ({other})"
        if page.name not in read("docs/decisions/README.md"):
            yield f"docs/decisions/README.md:1: {page.name} is not in the list"
        for part in ("## Context", "## Decision", "## Consequences"):
            if part not in page.read_text(encoding="utf-8"):
                yield f"docs/decisions/{page.name}:1: has no part \"{part}\""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--heed", help="the binary")
    arguments = parser.parse_args()
    breaches = [b for path in documents() for b in check_links(path)]
    breaches += [*check_metrics(), *check_alerts(), *check_named_tests(), *check_folders()]
    if arguments.heed:
        binary = Binary(arguments.heed)
        tables = known_keys(binary)
        if "account.risk" not in tables or binary.help(("run",)) is None:
            breaches.append(f"{arguments.heed}: does not answer as heed does")
        else:
            for path in documents():
                breaches += check_commands([(path, *line) for line in command_lines(path)], binary)
                breaches += [*check_keys(path, tables), *check_samples(path, tables)]
            breaches += check_commands(commented_lines(), binary)
            breaches += check_limit_keys(tables)
    print("\n".join(breaches) if breaches else "docs: nothing to say")
    if not arguments.heed:
        print("without --heed: command lines and configuration keys were not checked")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
