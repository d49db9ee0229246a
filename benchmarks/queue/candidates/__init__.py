"""The compared queues behind one interface."""

from benchmarks.queue.candidates.base import Candidate, Counts, Handler
from benchmarks.queue.candidates.dramatiq_redis import DramatiqRedis
from benchmarks.queue.candidates.redis_streams import RedisStreams
from benchmarks.queue.candidates.streaq_redis import StreaqPrefetching, StreaqRedis

CANDIDATES: dict[str, type[Candidate]] = {
    "dramatiq": DramatiqRedis,
    "streaq": StreaqRedis,
    "streaq, prefetching": StreaqPrefetching,
    "streams": RedisStreams,
}

__all__ = ["CANDIDATES", "Candidate", "Counts", "Handler"]
