"""What is measured: each function starts from nothing and answers figures by name."""

import threading
import time

from benchmarks.queue.bench import Bench, wait_for

Figures = dict[str, float | int | bool | str]


def throughput(candidate: str, processes: int = 4000) -> Figures:
    """Processes that do nothing, through one worker process."""
    with Bench(candidate) as bench:
        began = time.time()
        worker = bench.start_worker()
        bench.queue.put(["ok-first"])
        wait_for(lambda: bool(bench.ended()), 30)
        start_seconds = bench.journal("end")[0].at - began
        bench.stop_worker(worker)
        bench.queue.put([f"ok-{number}" for number in range(processes)])
        redis_cpu = bench.redis_cpu_seconds()
        worker = bench.start_worker()
        wait_for(lambda: bench.queue.counts().waiting < processes * 0.9, 30)
        cpu, _ = bench.worker_figures(worker)
        first = len(bench.journal("end"))
        began = time.time()
        wait_for(lambda: bench.queue.counts().waiting < processes * 0.1, 60)
        cpu_end, rss = bench.worker_figures(worker)
        done = len(bench.journal("end")) - first
        return {
            "processes_per_second": round(done / (time.time() - began)),
            "processes_per_cpu_second": round(done / (cpu_end - cpu)),
            "redis_cpu_ms_per_1000": round((bench.redis_cpu_seconds() - redis_cpu) / processes * 1e6),
            "worker_rss_mib": round(rss),
            "start_to_first_process_seconds": round(start_seconds, 2),
        }


def killed_worker(candidate: str) -> Figures:
    """kill -9 of one of two workers with eight 3 s processes each."""
    with Bench(candidate) as bench:
        ids = [f"sleep:3-{number}" for number in range(16)]
        bench.start_worker(), bench.start_worker()
        bench.queue.put(ids)
        wait_for(lambda: len(bench.journal("begin")) == 16, 20)
        victim = bench.workers[0]
        held = {entry.process_id for entry in bench.journal("begin") if entry.pid == victim.pid}
        victim.kill()
        killed = time.time()
        wait_for(lambda: set(ids) <= set(bench.ended()), 60)
        again = [
            entry.at - killed for entry in bench.journal("begin") if entry.at > killed and entry.process_id in held
        ]
        return {
            "lost": len(set(ids) - set(bench.ended())),
            "ended_twice": sum(count > 1 for count in bench.ended().values()),
            "redelivered_seconds": round(max(again, default=-1), 1),
        }


def killed_only_worker(candidate: str) -> Figures:
    """kill -9 of the only worker; another is started two seconds later, as a restarted container is."""
    with Bench(candidate) as bench:
        ids = [f"sleep:3-{number}" for number in range(8)]
        bench.start_worker()
        bench.queue.put(ids)
        wait_for(lambda: len(bench.journal("begin")) == 8, 20)
        bench.workers[0].kill()
        killed = time.time()
        time.sleep(2)
        bench.start_worker()
        wait_for(lambda: set(ids) <= set(bench.ended()), 60)
        again = [entry.at - killed for entry in bench.journal("begin") if entry.at > killed]
        return {"lost": len(set(ids) - set(bench.ended())), "redelivered_seconds": round(max(again, default=-1), 1)}


def poison(candidate: str) -> Figures:
    """One process that kills its worker beside fifteen innocent ones; a worker is started again when it dies."""
    with Bench(candidate) as bench:
        innocent = [f"sleep:1-{number}" for number in range(15)]
        bench.queue.put([*innocent[:4], "poison-1", *innocent[4:]])
        deadline = time.time() + 75
        quiet_since = time.time()
        deaths = 0
        while time.time() < deadline and time.time() - quiet_since < 20:
            if not bench.workers or bench.workers[-1].poll() is not None:
                deaths += bool(bench.workers)
                bench.start_worker()
                quiet_since = time.time()
            if bench.queue.counts()[:2] == (0, 0):
                break
            time.sleep(0.1)
        counts = bench.queue.counts()
        return {
            "poison_deliveries": sum(entry.process_id == "poison-1" for entry in bench.journal("begin")),
            "given_up": counts.waiting + counts.reserved == 0,
            "innocents_done": len(set(innocent) & set(bench.ended())),
            "worker_deaths": deaths,
        }


def count_edges(candidate: str) -> Figures:
    """Eight processes, put with a delay of a second, sampled until they have run: the sum must always be eight."""
    sums: dict[int, int] = {}
    with Bench(candidate) as bench:
        bench.start_worker()
        bench.queue.put(["ok-first"])
        wait_for(lambda: bool(bench.ended()), 30)
        wait_for(lambda: sum(bench.queue.counts()) == 0, 10)
        bench.queue.put([f"sleep:2-{number}" for number in range(8)], delay_seconds=1)
        took = []
        while len(bench.ended()) < 2:
            began = time.perf_counter()
            total = sum(bench.queue.counts())
            took.append(time.perf_counter() - began)
            if len(bench.ended()) < 2:
                sums[total] = sums.get(total, 0) + 1
        wait_for(lambda: len(bench.ended()) == 9, 10)
        bench.queue.put(["sleep:1-twice"])
        bench.queue.put(["sleep:1-twice"])
        wait_for(lambda: bool(bench.ended()["sleep:1-twice"]), 10)
        time.sleep(1.5)
        wrong = sum(number for total, number in sums.items() if total != 8)
        return {
            "samples": sum(sums.values()),
            "wrong_samples": wrong,
            "sums_seen": "/".join(map(str, sorted(sums))),
            "count_ms": round(sorted(took)[len(took) // 2] * 1000, 2),
            "put_twice_ran": bench.ended()["sleep:1-twice"],
        }


def graceful_stop(candidate: str) -> Figures:
    """SIGTERM with eight 3 s processes running and twenty waiting."""
    with Bench(candidate) as bench:
        worker = bench.start_worker()
        bench.queue.put([f"sleep:3-{number}" for number in range(28)])
        wait_for(lambda: len(bench.journal("begin")) == 8, 20)
        began = time.time()
        code = bench.stop_worker(worker)
        begun, ended = len(bench.journal("begin")), len(bench.journal("end"))
        seconds = round(time.time() - began, 1)
        counts = bench.queue.counts()
        return {
            "exit_code": code,
            "seconds": seconds,
            "begun_not_ended": begun - ended,
            "begun_after_sigterm": begun - 8,
            "left_waiting": counts.waiting,
            "left_reserved": counts.reserved,
        }


def redis_away(candidate: str) -> Figures:
    """Redis killed for ten seconds while eight 4 s processes run and eight wait."""
    with Bench(candidate) as bench:
        ids = [f"sleep:4-{number}" for number in range(16)]
        worker = bench.start_worker()
        bench.queue.put(ids)
        wait_for(lambda: len(bench.journal("begin")) == 8, 20)
        time.sleep(1.2)  # what was appended is on the disk
        bench.kill_redis()
        threading.Event().wait(10)
        bench.start_redis()
        back = time.time()
        wait_for(lambda: set(ids) <= set(bench.ended()) or worker.poll() is not None, 40)
        return {
            "worker_lived": worker.poll() is None,
            "done": len(set(ids) & set(bench.ended())),
            "ended_twice": sum(count > 1 for count in bench.ended().values()),
            "seconds_after_return": round(max(entry.at for entry in bench.journal("end")) - back, 1)
            if bench.journal("end")
            else -1,
        }


SCENARIOS = [throughput, killed_worker, killed_only_worker, poison, count_edges, graceful_stop, redis_away]
