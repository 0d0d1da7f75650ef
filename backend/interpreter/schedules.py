"""All schedules of a run, up to a number of preemptions.

A run records its choices; each is a number of ways, the way taken, and whether it was free (the running thread could not go
on) or a preemption. From one run the next is found by taking the last choice that has a way left, within the bound, another
way: depth-first search over the tree of choices (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007). A program
without data races can be preempted at synchronization alone, and one with races is found out by the clocks.

Example: two threads that each lock two mutexes in opposite order: the schedule in which both hold one is the second.

Invariant: the same decisions give the same run, so no schedule is run twice.
"""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.backend.interpreter.machine import Machine

PREEMPTIONS = 2
THREADS = 3
RUNS = 5_000


def next_decisions(trace: list[tuple[int, int, bool]], preemptions: int) -> tuple[int, ...] | None:
    """The decisions of the run after the one that left ``trace``; None when there is none."""
    spent = 0
    before = []
    for _, way, free in trace:
        before.append(spent)
        spent += int(way > 0 and not free)
    for at in range(len(trace) - 1, -1, -1):
        ways, way, free = trace[at]
        if way + 1 < ways and (free or before[at] < preemptions):
            return (*(t[1] for t in trace[:at]), way + 1)
    return None


def explore(run: Callable[[tuple[int, ...]], Machine], preemptions: int = PREEMPTIONS, runs: int = RUNS) -> tuple[int, bool]:
    """Calls ``run`` with decisions until all schedules were seen, or ``runs`` of them. What a run raises goes to the caller.

    Returns how many were run and whether that was all.
    """
    decisions: tuple[int, ...] | None = ()
    count = 0
    while decisions is not None:
        if count == runs:
            return count, False
        machine = run(decisions)
        count += 1
        if len(machine.threads) > THREADS:
            preemptions = min(preemptions, 1)
        decisions = next_decisions(machine.trace, preemptions)
    return count, True
