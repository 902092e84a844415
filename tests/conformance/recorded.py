"""TensorFlow's recorded results in ``data/``, and the digests that stand for most generated programs."""

import gzip
import hashlib
import json
import pathlib

DATA = pathlib.Path(__file__).parent / "data"
# Full records of all generated programs: large, made by record.py, not in the repository.
FULL = pathlib.Path(__file__).parent / ".full"

GENERATED = 1000
# The first generated programs are recorded in full, so that a difference can be read off.
GENERATED_IN_FULL = 60


def read(name, folder=DATA):
    """The JSON value in ``<folder>/<name>.json.gz``; {} if there is no such file."""
    path = folder / f"{name}.json.gz"
    if not path.exists():
        return {}
    return json.loads(gzip.decompress(path.read_bytes()))


def write(name, value, folder=DATA):
    """Writes `value` to ``<folder>/<name>.json.gz``, with the same bytes for the same value."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    (folder / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def digest(record):
    """A short digest of all of a record that must be equal exactly, and its shown arrays apart."""
    record = json.loads(json.dumps(record))
    arrays = []
    for event in record.get("events", []):
        value = event.get("value")
        if isinstance(value, dict) and "data" in value and "float" in value["dtype"]:
            arrays.append({**event, "value": {**value, "data": value.pop("data")}})
            value.pop("summary", None)
    text = json.dumps(record, separators=(",", ":"), sort_keys=True)
    return [hashlib.sha256(text.encode()).hexdigest()[:16], arrays]


def expected(mode):
    """name -> record or digest of every program of `mode`, full records where they are at hand."""
    records = {**read(f"generated_{mode}"), **read(f"generated_{mode}", FULL)}
    for path in sorted(DATA.glob(f"*_{mode}.json.gz")):
        if not path.name.startswith("generated_"):
            records.update(read(path.name.removesuffix(".json.gz")))
    return records


def write_programs(mode, records):
    """Writes the records of hand-written programs, those of ``programs/<area>.py`` to ``data/<area>_<mode>``."""
    areas = {}
    for name, record in records.items():
        areas.setdefault(name.partition(".")[0], {})[name] = record
    for area, found in areas.items():
        write(f"{area}_{mode}", found)
