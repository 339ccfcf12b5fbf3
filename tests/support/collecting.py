"""One collection over a service without a wire, in time that passes at once."""

import asyncio
from datetime import UTC, datetime

from evalslo.harness.collect import Bounds, Store, Watch, collect
from evalslo.harness.limiter import Limiter
from evalslo.harness.plan import plan_calls, request_for
from evalslo.harness.spending import Spending
from evalslo.harness.tally import Tally
from evalslo.model.golden import GoldenQuery
from evalslo.model.run import Provisional
from evalslo.model.suite import Concurrency, Limits
from tests.support.clock import run_virtual
from tests.support.services import Service

LOOK = (Provisional(objective="o", estimate=0.5, lower=0.4, upper=0.6, n=9),)


def planned(number, *, repeats=1):
    queries = [GoldenQuery(id=f"q{i}", query=f"Question {i}?") for i in range(number)]
    return plan_calls(queries, repeats=repeats, seed=0, limit=None)


class Run:
    """One collection over `service`, with all that was told of it."""

    def __init__(self, service, calls, *, concurrency=4, stop=None, on_sample=None, under_way=None, **limits):
        self.service, self.calls = service, calls
        three = concurrency if isinstance(concurrency, tuple) else (concurrency,) * 3
        most = Concurrency(**dict(zip(("least", "start", "most"), three, strict=True)))
        self.limits = Limits(concurrency=most, **limits)
        self.limiter, self.spending = Limiter(), Spending(self.limits)
        self.samples, self.progress, self.known, self.learned = [], [], {}, []
        self.stop, self.on_sample, self.under_way = stop or asyncio.Event(), on_sample, under_way
        self.stopped = self.ended_s = None
        self.enough = lambda: False

    def _keep(self, sample):
        self.samples.append(sample)
        if self.on_sample is not None:
            self.on_sample(len(self.samples))

    async def go(self):
        self.limiter.adopt(self.limits)
        tally = Tally("s", limiter=self.limiter, spending=self.spending)
        tally.planned = len(self.calls)
        self.stopped = await collect(
            self.service,
            map(request_for, self.calls),
            count=len(self.calls),
            bounds=Bounds(limits=self.limits, limiter=self.limiter, spending=self.spending),
            store=Store(
                keep=self._keep,
                recall=lambda request: self.known.get(request.query_id),
                remember=lambda request, response: self.learned.append((request.query_id, response)),
            ),
            tally=tally,
            watch=Watch(
                clock=lambda: datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC),
                on_progress=self.progress.append,
                stop=self.stop,
                look=lambda: LOOK,
                under_way=self.under_way or (lambda: None),
            ),
            enough=self.enough,
        )
        self.ended_s = asyncio.get_running_loop().time()
        assert self.limiter.in_flight == 0
        return self


def collected(respond, calls, *, takes_s=0.1, **how):
    return run_virtual(Run(Service(respond, takes_s=takes_s), calls, **how).go())


def always(response):
    return lambda *_: response


def in_turn(*responses):
    """One response after the other, the last one again and again."""
    return lambda service, _: responses[min(len(service.starts), len(responses)) - 1]
