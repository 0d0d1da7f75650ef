"""A second Tree Borrows, to compare the first with: byte by byte and tag by tag, nothing skipped, nothing forgotten.

Written from the paper's state machine and clauses, not from the tables of ``permissions``: a permission is a word, and what
becomes of it is a chain of conditions. It keeps every tag that ever was and visits all of them for each byte of each access.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Violated(Exception):
    """The lowest byte at which something is wrong, the tag that objects, and whether it was a local access to it."""

    def __init__(self, offset: int, tag: Tag, local: bool) -> None:
        super().__init__(offset)
        self.offset = offset
        self.tag = tag
        self.local = local


@dataclass(eq=False)
class Byte:
    """What a tag knows of one byte."""

    permission: str
    accessed: bool
    conflicted: bool = False


@dataclass(eq=False)
class Tag:
    """A tag and its children, in the order they were made."""

    parent: Tag | None
    bytes: list[Byte]
    protected: bool = False
    children: list[Tag] = field(default_factory=list)

    def line(self) -> list[Tag]:
        """The tag and its ancestors."""
        found, at = [], self
        while at is not None:
            found.append(at)
            at = at.parent
        return found

    def allows(self, offset: int, write: bool) -> bool:
        """Whether the tag and its ancestors permit an access."""
        return all(permits(tag, tag.bytes[offset], write) for tag in self.line())


def permits(tag: Tag, byte: Byte, write: bool) -> bool:
    if byte.permission == "disabled":
        return False
    return not write or not (byte.permission == "frozen" or (byte.conflicted and tag.protected))


def local(tag: Tag, byte: Byte, write: bool) -> bool:
    """Carries out a local access; False if it is not allowed."""
    if not permits(tag, byte, write):
        return False
    if write and byte.permission in ("reserved", "reserved cell"):
        byte.permission, byte.conflicted = "active", False
    byte.accessed = True
    return True


def foreign(tag: Tag, byte: Byte, write: bool) -> bool:
    """Carries out a foreign access; False if it is not allowed."""
    before = byte.permission
    if write:
        if before not in ("cell", "reserved cell"):
            byte.permission = "disabled"
    elif before == "active":
        byte.permission = "disabled" if tag.protected else "frozen"
    elif before == "reserved" and tag.protected:
        byte.conflicted = True
    return not (tag.protected and byte.accessed and byte.permission == "disabled")


class Twin:
    """The tags of an allocation."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.root = Tag(None, [Byte("active", True) for _ in range(size)])

    def retag(self, parent: Tag, offset: int, size: int, permission: str, protected: bool, cells: list[tuple[int, int]]) -> Tag:
        def at(byte: int, inside: bool) -> str:
            in_cell = any(low <= byte < high for low, high in cells) if inside else bool(cells)
            if permission in ("frozen", "cell"):
                return "cell" if in_cell else permission
            if permission == "active" and inside:
                return "active"
            if protected:
                return "reserved"
            return "reserved cell" if in_cell or permission == "reserved cell" else "reserved"

        made = []
        for byte in range(self.size):
            inside = offset <= byte < offset + size
            each = at(byte, inside)
            if inside and each != "cell":
                self.access(parent, byte, 1, each == "active")
            made.append(Byte(each, inside and each != "cell"))
        tag = Tag(parent, made, protected)
        parent.children.append(tag)
        return tag

    def access(self, tag: Tag, offset: int, size: int, write: bool, *, spare_descendants: bool = False) -> None:
        line = tag.line()
        for byte in range(offset, offset + size):
            for above in line:
                if not local(above, above.bytes[byte], write):
                    raise Violated(byte, above, True)
            for index, above in enumerate(line):
                if index == 0 and spare_descendants:
                    continue
                for child in above.children:
                    if child not in line:
                        self._foreign(child, byte, write)

    def _foreign(self, tag: Tag, byte: int, write: bool) -> None:
        for child in tag.children:
            self._foreign(child, byte, write)
        if not foreign(tag, tag.bytes[byte], write):
            raise Violated(byte, tag, False)

    def release(self, tag: Tag) -> None:
        for byte in range(self.size):
            self.leave(tag, byte)
        tag.protected = False

    def leave(self, tag: Tag, byte: int) -> None:
        here = tag.bytes[byte]
        if here.accessed and here.permission != "cell":
            self.access(tag, byte, 1, here.permission == "active", spare_descendants=True)

    def deallocate(self, tag: Tag) -> None:
        self.access(tag, 0, self.size, True)
        for byte in range(self.size):
            for each in self.tags():
                if each.protected and each.bytes[byte].accessed and each.bytes[byte].permission != "cell":
                    raise Violated(byte, each, False)

    def tags(self) -> list[Tag]:
        found, work = [], [self.root]
        while work:
            found.append(work.pop())
            work.extend(found[-1].children)
        return found
