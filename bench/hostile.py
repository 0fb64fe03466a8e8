"""Exports with bytes changed at random, read by the receiver's own code: each is taken or refused with a reason.

    python -m bench.hostile [--inputs 1000000]

Valid exports of spans and metrics, in protobuf and JSON, are cut, spliced, repeated and overwritten. It ends with 1
where one is neither taken nor refused, and prints it.
"""

import argparse
import os
import random
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any, cast

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.sources.receiver.batch import pack_acks, unpack
from aiops.sources.receiver.intake import ExportRejected, Intake, Signal
from bench.offers import export
from bench.spans import identify

PART = 10_000
NOW = 1_771_804_800  # Unix seconds: the same inputs each time
SIGNALS = (Signal.TRACES, Signal.METRICS, Signal.LOGS)
TEXTS = (b"\x00", b"\xff" * 9, b"\x80" * 10, b"null", b"1e999", b'"', b"{", b"[", b"-1", b"9" * 30)


class Taken:
    """A pipe whose other end commits everything."""

    def __init__(self) -> None:
        self.intake: Intake | None = None

    def send_bytes(self, message: bytes) -> None:
        assert self.intake is not None
        request, _ = unpack(message)
        self.intake.acknowledge(pack_acks([request], True))


def metrics(rng: random.Random) -> ExportMetricsServiceRequest:
    """A histogram, an exponential one, a sum and a gauge of a service."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    identify(group.resource, f"service-{rng.randrange(5)}")
    scope, now = group.scope_metrics.add(), NOW * 10**9
    moments: dict[str, Any] = {"time_unix_nano": now, "start_time_unix_nano": now - 10**10}
    classic = scope.metrics.add(name="http.server.request.duration", unit="s").histogram
    classic.aggregation_temporality = 2  # type: ignore[assignment]
    classic.data_points.add(count=9, sum=1.5, bucket_counts=[3, 4, 2], explicit_bounds=[0.1, 1.0], **moments)
    native = scope.metrics.add(name="http.client.request.duration", unit="s").exponential_histogram
    native.aggregation_temporality = 1  # type: ignore[assignment]
    point = native.data_points.add(count=9, sum=1.5, scale=3, zero_count=1, **moments)
    point.positive.offset, point.positive.bucket_counts[:] = -4, [3, 4, 1]
    total = scope.metrics.add(name="jobs").sum
    total.aggregation_temporality, total.is_monotonic = 2, True  # type: ignore[assignment]
    total.data_points.add(as_int=rng.randrange(10**6), **moments)
    scope.metrics.add(name="queue").gauge.data_points.add(as_double=rng.random(), **moments)
    return request


def changed(body: bytes, other: bytes, rng: random.Random) -> bytes:
    """The body with some of its bytes changed, mostly once."""
    out = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at, end = sorted((rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)))
        match rng.randrange(7):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + 1] = rng.randbytes(rng.randrange(1, 9))
            case 2:
                del out[at : min(end, at + 40)]
            case 3:
                out[at:at] = out[at:end][:200] * rng.randrange(1, 4)
            case 4:
                out[at:at] = rng.choice(TEXTS)
            case 5:
                start = rng.randrange(len(other))
                out[at:end] = other[start : start + rng.randrange(60)]
            case _:
                del out[at:]
    return bytes(out)


def part(seed: int) -> Counter[str]:
    """What became of one part of the inputs, by a word each; odd ones by what they raised and how they begin."""
    rng, pipe, seen = random.Random(seed), Taken(), Counter[str]()
    pipe.intake = Intake(cast(Any, pipe), None, 48 * 3600.0, 8, lambda: NOW)
    spans = export(3, rng, NOW)
    forms = [(spans, False, Signal.TRACES), (metrics(rng).SerializeToString(), False, Signal.METRICS)]
    forms.append((MessageToJson(ExportTraceServiceRequest.FromString(spans), indent=0).encode(), True, Signal.TRACES))
    forms.append((MessageToJson(metrics(rng), indent=0).encode(), True, Signal.METRICS))
    for _ in range(PART):
        body, json, signal = rng.choice(forms)
        body = changed(body, rng.choice(forms)[0], rng)
        signal = signal if rng.random() < 0.9 else rng.choice(SIGNALS)
        try:
            pipe.intake.take(signal, body, json)
            seen["taken, what is wrong in it left out"] += 1
        except ExportRejected as refused:
            seen[f"refused: {refused.refusal.name.lower()}"] += 1
        except Exception as error:
            form = "JSON" if json else "protobuf"
            seen[f"{type(error).__name__}: {error} of {signal.name} in {form}: {body[:4000]!r}"] += 1
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many, in parts of 10,000 (default 1000000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="side by side (default: one a core)")
    arguments = parser.parse_args()
    seen: Counter[str] = Counter()
    parts = max(1, arguments.inputs // PART)
    with ProcessPoolExecutor(arguments.processes) as pool:
        for number, one in enumerate(pool.map(part, range(parts)), 1):
            seen += one
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{number * PART:,} of {parts * PART:,}")
    good = {one: count for one, count in seen.items() if one.startswith(("taken", "refused: "))}
    for what, count in sorted(seen.items(), key=lambda pair: -pair[1])[:20]:
        print(f"{count:>10,}  {what}")
    sys.exit(0 if len(good) == len(seen) else 1)


if __name__ == "__main__":
    main()
