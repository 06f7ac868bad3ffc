"""tests/chaos/run.py --weir LAUNCHER [SCENARIO…] [--minutes M] [--seed N] [--cluster weir|weir3|weir5|kafka3|kafka5]
    [--workers librdkafka|java|both]

Brokers under clients that write down all they see, while a plan made from the seed kills, stops, cuts and fills them; then
calm, and a checker that holds every answer against what is there. docs/chaos.md says how to read and repeat a run. Ends with
one closing line."""
import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "broker"), str(here.parent / "clients"), str(here.parent / "soak")]
import clusters  # noqa: E402
import log_run  # noqa: E402
import scenarios  # noqa: E402
import transactional_run  # noqa: E402
from process import Checks  # noqa: E402

RUNS = {"log": log_run.Run, "pipelines": transactional_run.Pipelines, "list-append": transactional_run.Appends}


class Named(Checks):
    """Says again at the end what failed."""

    def __init__(self):
        super().__init__()
        self.scenario, self.wrong = "", []

    def __call__(self, name, good, detail=""):
        if not good:
            self.wrong.append(f"{self.scenario}: {name}")
        return super().__call__(name, good, detail)


def one(args, scenario, python, check):
    """Whether it could be run here."""
    folder = tempfile.mkdtemp(prefix=f"weir-chaos-{scenario.name}-")
    print(f"--- {scenario.name}: {scenario.about}\nseed {args.seed}, cluster {args.cluster}; all files in {folder}", flush=True)
    failed, check.scenario = check.failed, scenario.name
    run = RUNS[scenario.workload](args, scenario, python, check, folder)
    try:
        if lack := run.lacks():
            print(f"skipped: {lack}", flush=True)
            return False
        run.begin()
        run.trouble()
        run.calm()
        run.stop()
        run.judge()
    except (RuntimeError, OSError, subprocess.SubprocessError) as broken:
        check(f"{scenario.name} goes to its end", False, broken)
    finally:
        run.close()
        tidy(args, check.failed > failed, folder)
    return True


def tidy(args, failed, folder):
    if failed or args.keep:
        print(f"kept: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="by default all that fit the cluster; --list names them")
    parser.add_argument("--weir", required=True)
    parser.add_argument("--cluster", choices=clusters.KINDS, default="weir")
    parser.add_argument("--minutes", type=float, help="of trouble, for each scenario")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", choices=transactional_run.WORKERS, default="librdkafka",
                        help="who makes transactions in the scenarios that have some: of version 1 (librdkafka), of 2 (java)")
    parser.add_argument("--linear", action="store_true", help="an old high watermark is wrong, even from a broker cut off")
    parser.add_argument("--keep", action="store_true", help="leave all files there even when nothing is wrong")
    parser.add_argument("--judge", metavar="FOLDER", help="only look again at what a run left there")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    size = int(args.cluster[-1]) if args.cluster[-1].isdigit() else 1
    if args.list:
        for s in scenarios.ALL:
            print(f"{s.name:28} {s.about}")
        return
    if args.judge:
        judged = transactional_run.judged(args.judge) or log_run.judged(args.judge, args.linear)[1]
        lines = list(judged.lines())
        print("\n".join(lines or ["nothing is wrong"]))
        sys.exit(1 if lines else 0)
    if unknown := set(args.scenario) - set(scenarios.BY_NAME):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    chosen = [s for s in scenarios.ALL if size in s.nodes and (s.name in args.scenario or not args.scenario) and
              (s.workers or args.workers == "librdkafka")]
    if missing := set(args.scenario) - {s.name for s in chosen}:
        parser.error(f"not with {args.cluster} and workers of {args.workers}: {', '.join(sorted(missing))}")
    from driver import ecosystems
    python = ecosystems.python_or_skip(ecosystems.cache_folder())
    check = Named()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    skipped = sum(not one(args, scenario, python, check) for scenario in chosen)
    for name in check.wrong:
        print(f"FAILED {name}")
    print(f"{check.passed} passed, {check.failed} failed, {skipped} skipped")
    sys.exit(1 if check.failed or not check.passed + skipped else 0)


if __name__ == "__main__":
    main()
