"""What rustc requires of regions beyond the types of values: from annotations, bounds of what is used, and copies.

    <() as Foo<'a>>::C => { }        as a pattern for a `&'static u32`:   'a: 'static, which the signature does not promise

MIR's text has no operation for these; the dump lists them as constraints with a category, a place, and a span. Clauses:
 1. a constraint at all places holds of the body: universal regions that are related by these alone are required where the
    annotation among them stands;
 2. at a statement with an annotation, those that its own constraints relate as well are required there;
 3. what flows into a call, or is copied, must outlive ``'static`` where the constraints at that place say so.

Invariant: each pair is one that rustc reports unless the signature promises it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import attrs
import networkx

from tests.mir.mir_text import Body, Span

STATIC = "'?0"


@attrs.frozen
class Requirement:
    """``longer`` must outlive ``shorter``, both universal regions, because of what stands at ``span``."""

    longer: str
    shorter: str
    span: Span | None


def everywhere(body: Body) -> Iterator[Requirement]:
    """Clause 1."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for each in body.annotations:
        if not each.at:
            graph.add_edge(each.longer, each.shorter, by=each)
    for longer, shorter in _pairs(body, graph):
        path = networkx.shortest_path(graph, longer, shorter)
        edges = [graph.edges[pair]["by"] for pair in pairwise(path)]
        told = next((each for each in edges if each.category.startswith("TypeAnnotation")), edges[0])
        yield Requirement(longer, shorter, told.span)


def at_statement(body: Body, at: str) -> Iterator[Requirement]:
    """Clause 2."""
    if at not in body.at or len(body.universal) < 2 or not any(each.at == at for each in body.annotations):
        return
    known: networkx.DiGraph[str] = networkx.DiGraph(body.constraints)
    told = set(_pairs(body, known))
    graph: networkx.DiGraph[str] = networkx.DiGraph([*body.constraints, *body.at.get(at, ())])
    for longer, shorter in _pairs(body, graph):
        if (longer, shorter) not in told:
            yield Requirement(longer, shorter, None)


def has_static(body: Body, at: str) -> bool:
    """Whether the constraints at a place name ``'static`` as what must be outlived."""
    return any(shorter == STATIC for _, shorter in body.at.get(at, ()))


def is_static(body: Body, at: str, regions: Iterable[str]) -> set[str]:
    """Those of ``regions`` that must outlive ``'static`` by the constraints at a place (3)."""
    graph: networkx.DiGraph[str] = networkx.DiGraph(body.at.get(at, ()))
    return {each for each in regions if each in graph and STATIC in networkx.descendants(graph, each)}


def _pairs(body: Body, graph: networkx.DiGraph[str]) -> Iterator[tuple[str, str]]:
    """Universal regions of which one must outlive the other, and is not known to."""
    known = set(body.outlives)
    for longer in body.universal:
        if longer in graph and longer != STATIC:
            for shorter in sorted(networkx.descendants(graph, longer) & set(body.universal)):
                if (longer, shorter) not in known:
                    yield longer, shorter
