"""The dispatcher: deliveries that are due -> sent, or a later try, or dead with a reason.

    claim what is due, as far as each channel has slots     store.deliveries.claim
    render                                                  alerts.render          cannot be rendered -> dead, operators told; the rest of its bundle goes on
    still ours? then send                                   channels.*.send        raises DeliveryError
    ONE transaction: what became of it                      store.deliveries       sent | a later due_at | dead
    tell operators of what is dead or disabled              daemon.operators       through other channels

A message that failed three times, or for good, goes to the channel's fallback where it has one.
A channel that is slow or down takes its own slots and no others', so it never delays another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher import store
from watcher.alerts import retry
from watcher.channels import Channel
from watcher.daemon import faultpoints, handover, log, metrics, operators, threads
from watcher.daemon.leases import LEASE, Leases
from watcher.daemon.pace import GATHER, Pace
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.supervise import Pulse
from watcher.errors import DeliveryError, StoreError
from watcher.model import Alert, Delivery, DeliveryState, Message, Notice, Receipt, RecipientOutcome

IN_FLIGHT = 32  # of one process: what a kill can repeat at most (DESIGN section 8)
LOOK_SECONDS = 1.0
HAND_OVER_AFTER_ATTEMPTS = 3  # to the channel's fallback, where there is one
OUR_OWN_FAULT = frozenset({"unrenderable", "wrong_message"})  # no other channel would do better
TELL_AFTER_ATTEMPTS = 3  # about five minutes of trouble: a restart of the receiver is not news


class Dispatcher:
    """Sends deliveries until the daemon stops; with ``runtime.once`` until none is due."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.leases = Leases(runtime.store, store.deliveries.renew)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pace = Pace()

    async def run(self, pulse: Pulse) -> None:
        """Send until told to stop, then wait for what is in flight."""
        runtime = self._runtime
        try:
            while not runtime.stopping.is_set():
                pulse.beat()
                runtime.hints.deliveries.clear()
                idle = not self._tasks  # before the claim: while one is in flight its slot is not offered, and what waits for it not seen
                claimed, wait = await self._claim()
                if runtime.once and idle and not claimed and wait >= LOOK_SECONDS:
                    return
                await runtime.pause(runtime.hints.deliveries, 0 if claimed else wait)
        finally:
            await self._drain()

    async def _claim(self) -> tuple[int, float]:
        """Claim and start what may start; return how many, and the seconds until it is worth looking again."""
        runtime, loop = self._runtime, asyncio.get_running_loop()
        slots, wait = self._pace.slots(runtime.wiring.policies, loop.time(), IN_FLIGHT - len(self._tasks))
        now = runtime.now()

        def unit(conn: store.Connection) -> list[Delivery]:
            policies = runtime.wiring.policies
            gather = {name: GATHER[policy.type] for name, policy in policies.items() if policy.type in GATHER}
            room = IN_FLIGHT - len(self._tasks)
            return store.deliveries.claim(conn, now=now, lease=LEASE, limit=room, per_channel=slots, known=list(policies), gather=gather)

        claimed = await runtime.store.write(unit) if len(self._tasks) < IN_FLIGHT else []
        self.leases.hold((delivery.id, delivery.epoch) for delivery in claimed)
        if claimed:
            faultpoints.reach("deliveries.claimed")
        for delivery in claimed:
            self._pace.start(delivery.channel, loop.time())
            task = asyncio.create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return len(claimed), wait

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._runtime.hints.deliveries.set()
        if not task.cancelled() and (error := task.exception()) is not None:  # a fault of ours: the lease brings it back
            log.get().error("delivery.broken", error=log.describe(error))

    async def _deliver(self, delivery: Delivery) -> None:
        """One try of one delivery."""
        wiring = self._runtime.wiring
        try:
            await self._try(delivery, wiring)
        except StoreError as error:  # sent or not, the lease runs out and it is tried again with the same id
            log.get().error("delivery.not_stored", channel=delivery.channel, delivery=delivery.id, error=str(error))
        finally:
            self._pace.end(delivery.channel)
            self.leases.release(delivery.id)

    async def _try(self, delivery: Delivery, wiring: Wiring) -> None:
        channel = wiring.channels.get(delivery.channel)
        if channel is None:
            await self._dead(delivery, wiring, "channel_removed", f"the configuration has no channel {delivery.channel!r} any more")
            return
        try:
            sent = await self._send(delivery, wiring, channel)
            if sent is not None:
                faultpoints.reach("deliveries.sent")
                await self._sent(delivery, wiring, *sent)
        except DeliveryError as error:
            if error.reason == "unrenderable" and len(delivery.alerts) > 1:
                await self._part(delivery, wiring, error)
                return
            await self._not_sent(delivery, wiring, error)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours with one message: it climbs the ladder like any other, and ends there
            why = f"a fault of watcher, please report it: {log.describe(error)}"
            await self._not_sent(delivery, wiring, DeliveryError(delivery.channel, "fault", why, retryable=True))

    async def _send(self, delivery: Delivery, wiring: Wiring, channel: Channel) -> tuple[Message, Receipt] | None:
        """Render and send; None when the lease was lost before anything was sent. What is too big is sent once more, in brief."""
        open_recipients = tuple(r.address for r in delivery.recipients if r.state is DeliveryState.DUE)
        for brief in (False, True):
            message = wiring.renderer.render(delivery, delivery.channel, self._runtime.now(), brief=brief)
            message = await threads.place(self._runtime.store, wiring.renderer, delivery, message, self._runtime.now())
            faultpoints.reach("deliveries.rendered")
            if not self.leases.valid(delivery.id):
                return None  # the machine slept: another process may be sending this very delivery
            try:
                return message, await channel.send(message, recipients=open_recipients)
            except DeliveryError as error:
                if brief or error.reason != "too_big":
                    raise
        return None

    @staticmethod
    def _tell_of_recipients(
        conn: store.Connection, delivery: Delivery, wiring: Wiring, receipt: Receipt, *, given_up: Sequence[RecipientOutcome], now: datetime
    ) -> None:
        """Tell the operators, once for each address, that it gets no alerts; and that it gets them again."""
        for lost in given_up:
            notice = Notice(
                key=_refused(delivery.channel, lost.address),
                subject=f"Channel {delivery.channel}: {lost.address} gets no alerts",
                text=f"{lost.address}: {lost.answer}\nIt did not get:\n{_headlines(delivery)}\nThe channel's other recipients are not affected.",
            )
            operators.raise_notice(conn, wiring, notice, now=now, avoid=delivery.channel)
        reached = [r.address for r in receipt.recipients if r.state is DeliveryState.SENT]
        operators.clear_notices(conn, wiring, [_refused(delivery.channel, address) for address in reached], now=now)

    async def _sent(self, delivery: Delivery, wiring: Wiring, message: Message, receipt: Receipt) -> None:
        """Record an acceptance; recipients that were deferred keep the delivery due, refused ones are dead."""
        now = self._runtime.now()
        open_ones = [r for r in receipt.recipients if r.state is DeliveryState.DUE]
        refused = [r for r in receipt.recipients if r.state is DeliveryState.DEAD]
        next_at = retry.next_attempt(delivery.attempts + 1, now=now, jitter=self._runtime.random.random()) if open_ones else None

        def unit(conn: store.Connection) -> bool:
            faultpoints.reach("deliveries.commit")
            mine = store.deliveries.settle(conn, delivery, receipt=receipt, next_at=next_at, now=now)
            threads.remember(conn, delivery, message, receipt, now=now)
            if mine:
                self._tell_of_recipients(
                    conn, delivery, wiring, receipt, given_up=refused + (open_ones if next_at is None else []), now=now
                )
            if mine and not open_ones:
                store.alerts.clear(conn, _dead(delivery.channel), now=now)  # no news: but the next one is told again
                operators.clear_notices(conn, wiring, [f"channel_failing:{delivery.channel}"], now=now)
            return mine

        await self._runtime.store.write(unit)
        faultpoints.reach("deliveries.committed")
        metrics.DELIVERIES.labels(delivery.channel, "sent" if not open_ones else "retry").inc()
        for alert in delivery.alerts:
            metrics.DETECTION.observe(max(0.0, (now - alert.created_at).total_seconds()))
        rules = ",".join(sorted({alert.rule for alert in delivery.alerts}))
        log.get().info(
            "delivery.sent",
            channel=delivery.channel,
            rule=rules,
            alerts=len(delivery.alerts),
            attempt=delivery.attempts + 1,
            deferred=len(open_ones),
            refused=len(refused),
        )

    async def _not_sent(self, delivery: Delivery, wiring: Wiring, error: DeliveryError) -> None:
        """Decide between a later try and the end."""
        now, attempts = self._runtime.now(), delivery.attempts + 1
        metrics.DELIVERY_ERRORS.labels(delivery.channel, error.reason).inc()
        next_at = None
        if error.retryable and not error.disable:
            next_at = retry.next_attempt(
                attempts, now=now, jitter=self._runtime.random.random(), retry_after=error.retry_after, slow=error.configuration
            )
        if next_at is None:
            await self._dead(delivery, wiring, error.reason, str(error), disable=error.disable)
            return

        def unit(conn: store.Connection) -> str | None:
            handed = attempts >= HAND_OVER_AFTER_ATTEMPTS
            target = handover.fall_back(conn, wiring, delivery, why=str(error), now=now) if handed else None
            if target is None:
                store.deliveries.retry(conn, delivery, next_at=next_at, reason=error.reason, answer=str(error), now=now)
            if error.retry_after is not None:
                store.deliveries.block_channel(conn, delivery.channel, until=now + min(error.retry_after, retry.SLOWEST))
            if error.configuration or attempts >= TELL_AFTER_ATTEMPTS:
                then = f"The next try is at {next_at:%Y-%m-%d %H:%M:%S} UTC; nothing is lost in the meantime."
                text = f"{error}\nTried {attempts} times. {then if target is None else f'It went to {target} instead.'}"
                notice = Notice(key=f"channel_failing:{delivery.channel}", subject=f"Channel {delivery.channel} is failing", text=text)
                operators.raise_notice(conn, wiring, notice, now=now, avoid=delivery.channel)
            return target

        if (target := await self._runtime.store.write(unit)) is not None:
            metrics.DELIVERIES.labels(delivery.channel, "handed_over").inc()
            log.get().warning("delivery.handed_over", channel=delivery.channel, to=target, reason=error.reason, attempt=attempts)
            self._runtime.hints.deliveries.set()
            return
        metrics.DELIVERIES.labels(delivery.channel, "retry").inc()
        wait = next_at - now
        log.get().warning(
            "delivery.retry",
            channel=delivery.channel,
            reason=error.reason,
            why=str(error),
            attempt=attempts,
            again_in=str(timedelta(seconds=round(wait.total_seconds()))),
        )

    async def _part(self, delivery: Delivery, wiring: Wiring, error: DeliveryError) -> None:
        """Take a bundle apart that cannot be rendered: what spoils it is given up, the rest is gathered anew (one by one if none does)."""
        now = self._runtime.now()

        def spoils(alert: Alert) -> bool:
            try:
                wiring.renderer.render(replace(delivery, alerts=(alert,), bundle=""), delivery.channel, now)
            except DeliveryError:
                return True
            return False

        poisoned = tuple(alert for alert in delivery.alerts if spoils(alert))

        def unit(conn: store.Connection) -> None:
            store.deliveries.part(conn, delivery, [alert.id for alert in poisoned], reason=error.reason, answer=str(error), now=now)
            if poisoned:
                given_up = _given_up(replace(delivery, alerts=poisoned), str(error), None, disable=False)
                operators.raise_notice(conn, wiring, given_up, now=now, avoid=delivery.channel)

        await self._runtime.store.write(unit)
        metrics.DELIVERIES.labels(delivery.channel, "dead").inc(len(poisoned))
        log.get().error(
            "delivery.parted", channel=delivery.channel, why=str(error), alerts=len(delivery.alerts), given_up=[a.id for a in poisoned]
        )
        self._runtime.hints.deliveries.set()

    async def _dead(self, delivery: Delivery, wiring: Wiring, reason: str, answer: str, *, disable: bool = False) -> None:
        """Give a delivery up, visibly: it is listed, counted, told to the operators, and can be resent."""
        now = self._runtime.now()

        def unit(conn: store.Connection) -> str | None:
            if disable:
                store.deliveries.disable_channel(conn, delivery.channel, reason=reason, now=now)
                handover.hand_over_waiting(conn, wiring, delivery.channel, now=now)
            target = None if reason in OUR_OWN_FAULT else handover.fall_back(conn, wiring, delivery, why=answer, now=now)
            if target is None:
                store.deliveries.dead(conn, delivery, reason=reason, answer=answer, now=now)
            operators.raise_notice(conn, wiring, _given_up(delivery, answer, target, disable=disable), now=now, avoid=delivery.channel)
            return target

        target = await self._runtime.store.write(unit)
        metrics.DELIVERIES.labels(delivery.channel, "dead" if target is None else "handed_over").inc()
        log.get().error("delivery.dead", channel=delivery.channel, reason=reason, why=answer, alerts=len(delivery.alerts), handed_to=target)
        self._runtime.hints.deliveries.set()

    async def _drain(self) -> None:
        """Wait for what is in flight, then give back the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._runtime.drain_seconds)
        for task in list(self._tasks):
            task.cancel()
        rows = self.leases.rows()
        if rows:
            now = self._runtime.now()
            await self._runtime.store.write(lambda conn: store.deliveries.give_back(conn, rows, now=now))


def _given_up(delivery: Delivery, answer: str, target: str | None, *, disable: bool) -> Notice:
    """What the operators are told of a delivery that is at its end."""
    name = delivery.channel
    headlines = _headlines(delivery)
    lost = f"After {delivery.attempts + 1} attempts this was given up:\n{headlines}\nList: watcher deliveries list --failed. Send again: watcher alerts resend ID"
    text = f"{answer}\n{lost}" if target is None else f"{answer}\nIt went to {target} instead:\n{headlines}"
    if disable:
        return Notice(key=f"channel_disabled:{name}", subject=f"Channel {name} is disabled", text=text)
    return Notice(key=_dead(name), subject=f"Channel {name}: an alert could not be delivered", text=text)


def _headlines(delivery: Delivery) -> str:
    return "\n".join(f"- [{alert.rule}] {alert.payload.get('article', {}).get('title', '')}" for alert in delivery.alerts[:20])


def _dead(channel: str) -> str:
    return f"delivery_dead:{channel}"


def _refused(channel: str, address: str) -> str:
    return f"recipient_refused:{channel}:{address}"
