"""Coverage-guided fuzzing of the readers, by hand: ``python -m tests.fuzz.guided READER... [--seconds S] [--out DIR]``.

Needs atheris (Apache 2.0), which no other test needs. Each reader has a process of its own, one after another. What a
reader lets out that is no refusal is written to DIR/READER with its traceback, once for each place; the fuzzer goes on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus"
#: Further files to begin with.
SEEDS = {"configuration": "configs", "material": "femanode/materials", "sweep": "configs/sweeps", "fit": "configs/fits"}
#: Longest input, bytes, and longest time of one, s.
LENGTH, PATIENCE = 12_000, 120


def words() -> list[str]:
    """What the files are made of: keys, units, names, and a few values that readers stumble on."""
    from femanode.config.library import list_inert, list_materials
    from femanode.config.loading import json_schema
    from femanode.units import MEANING

    found = {*MEANING, *list_materials(), *list_inert()}

    def walk(node: object) -> None:
        if isinstance(node, dict):
            found.update(map(str, node.get("properties", {})))
            found.update(str(v) for v in node.get("enum", []))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json_schema())
    walk(json_schema("material"))
    found |= {"Lithiate at ", "Delithiate at ", "Hold at ", "Rest for ", " until ", " for ", " or ", "C/5", "0.2C",
              "10 mV", "80 %", "arrest", "null", "true", ".nan", ".inf", "-.inf", "1e999", "1e-999", "&a ", "*a",
              "<<: ", "!!str ", "? ", "---", "...", "\ufeff", "\u2028", "\ud7ff", "\\ud800", "\\u0085", "\\x1b",
              "$Nodes", "$EndNodes", "$Elements", "$EndElements", "$Entities", "$PhysicalNames", "$MeshFormat", "from",
              "to", "scale", "log", "n", "[]", "{}", "0 nm", "-1 nm", "1e308 nm", "0x10", "1_000", "%"}
    return sorted(found)


def _literal(word: str) -> str:
    """A word as libFuzzer's dictionary has it."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02x}" for b in
                         word.encode("utf-8", "surrogatepass")) + '"'


def fuzz(name: str, seconds: float, out: Path) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris

    # Not the parser of YAML: without its branches the readers of YAML try five times as many files in the same time.
    with atheris.instrument_imports(include=["femanode.config", "femanode.study", "femanode.mesh", "femanode.output",
                                             "femanode.units", "femanode.simulation.opening", "meshio"]):
        from tests.fuzz.readers import judged
    seen: set[str] = set()
    home, grown = out / name, out / name / "grown"
    grown.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    counted = [0]

    def one(data: bytes) -> None:
        counted[0] += 1
        try:
            judged(name, data, scratch)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)
            last = next((f for f in reversed(frames) if "/femanode/" in f.filename), frames[-1])
            key = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
            if key in seen:
                return
            seen.add(key)
            (home / f"{key}.input").write_bytes(data)
            said = "".join(traceback.format_exception(error))
            (home / f"{key}.txt").write_text(said, encoding="utf-8", errors="replace")
            print(f"found {key}: {str(error)[:200]!r}", file=sys.stderr, flush=True)

    dictionary = home / "words.txt"
    dictionary.write_text("\n".join(map(_literal, words())) + "\n")
    seeds = [str(path) for path in (CORPUS / name, ROOT / SEEDS.get(name, f"tests/corpus/{name}")) if path.is_dir()]
    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}", f"-max_len={LENGTH}", f"-timeout={PATIENCE}",
                   f"-artifact_prefix={home}/", "-len_control=0", f"-dict={dictionary}", "-rss_limit_mb=4000",
                   "-print_final_stats=1",
                   "-verbosity=1", str(grown), *seeds], one)
    atheris.Fuzz()


def main() -> None:
    """Fuzz the readers named, one after another; without names all of them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("readers", nargs="*")
    asked.add_argument("--seconds", type=float, default=600.0, help="for each")
    asked.add_argument("--out", type=Path, default=Path("fuzzed"))
    asked.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.here:
        fuzz(given.readers[0], given.seconds, given.out)
        return
    from tests.fuzz.readers import READERS

    for name in given.readers or READERS:
        until = time.monotonic() + given.seconds
        (given.out / name).mkdir(parents=True, exist_ok=True)
        # A reader that hangs or exhausts memory ends its process; the rest of the time is not lost.
        while (left := until - time.monotonic()) > 5.0:
            with open(given.out / name / "log.txt", "ab") as log:
                subprocess.run([sys.executable, "-m", "tests.fuzz.guided", name, "--here", "--seconds", str(int(left)),
                                "--out", str(given.out)], stdout=log, stderr=log, check=False,
                               env={**os.environ, "PYTHONUNBUFFERED": "1"})
        findings = sorted(p.stem for p in (given.out / name).glob("*.input"))
        print(f"{name}: {', '.join(findings) or 'nothing found'}", flush=True)


if __name__ == "__main__":
    main()
