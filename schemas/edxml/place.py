"""The reader's position in the tree: an element, its path, and its text normalised. Knows no element by name."""

import re
import unicodedata
from collections.abc import Set
from typing import NoReturn

from schemas.edxml.foreign_text import of_text
from schemas.edxml.report import Report, refuse
from schemas.edxml.xml import Element

_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff]")
_ETH = re.compile("[\u00d0\u00f0]")


class Place:
    """An element with its path and the report. Links lead up only, so that the tree is freed as soon as the package is
    read."""

    __slots__ = ("_step", "_up", "element", "report")

    def __init__(self, element: Element, report: Report, *, up: "Place | None" = None, step: str = "") -> None:
        self.element, self.report = element, report
        self._up, self._step = up, step or element.name

    def path(self, name: str = "") -> str:
        """Returns the path of this element, or of its child `name`: edXML/edXMLEnvelope/…/To[2]/OrganId."""
        here = f"{self._up.path()}/{self._step}" if self._up else self._step
        return f"{here}/{name}" if name else here

    def note(self, rule: str, found: object = "", *, at: str = "") -> None:
        self.report.add(self.path(at), rule, found)

    def refuse(self, rule: str, found: object = "", *, at: str = "") -> NoReturn:
        refuse(self.path(at), rule, found)

    def missing(self, name: str) -> NoReturn:
        """Refuses a package that lacks a mandatory element, and says so where it has one of another namespace or in
        other letters. edxml §3.2"""
        for other in self.element.children:
            namespace, _, local = other.rpartition("}")
            if local == name and namespace:
                self.refuse("wrong-namespace", namespace.removeprefix("{"), at=name)
            if local != name and local.casefold() == name.casefold():
                self.refuse("wrong-case", local, at=local)
        self.refuse("missing-element", name, at=name)

    def one(self, name: str) -> "Place | None":
        """Returns the child of that name, or None. If there are several: the first, and a departure."""
        found = self.element.children.get(name)
        if found is None:
            return None
        if len(found) > 1:
            self.note("repeated-element", len(found), at=name)
        return Place(found[0], self.report, up=self)

    def all(self, name: str) -> "list[Place]":
        found = self.element.children.get(name, [])
        if len(found) == 1:
            return [Place(found[0], self.report, up=self)]
        return [Place(each, self.report, up=self, step=f"{name}[{n}]") for n, each in enumerate(found, start=1)]

    def raw(self, name: str) -> str | None:
        """Returns the text of the child, or of this element for "". Trimmed; None if it is empty or the literal null.
        edxml §4.1"""
        if name:
            found = self.element.children.get(name)
            if found is None:
                return None
            if len(found) > 1:
                self.note("repeated-element", len(found), at=name)
            element = found[0]
        else:
            element = self.element
        if element.children:
            self.note("embedded-element", ", ".join(element.children), at=name)
        text = element.text.strip()
        if text == "null":
            self.note("null-literal", at=name)
            return None
        if text and len(text) != len(element.text):
            self.note("trimmed", at=name)
        return text or None

    def text(self, name: str = "", *, most: int = 0) -> str | None:
        """Returns the text as `raw` does, in NFC. More than `most` characters are a departure. edxml §4.2"""
        value = self.raw(name)
        if value is None:
            return None
        if not value.isascii():
            if not unicodedata.is_normalized("NFC", value):
                value = unicodedata.normalize("NFC", value)
                self.note("composed", at=name)
            if _INVISIBLE.search(value):
                self.note("zero-width", at=name)
            if _ETH.search(value):
                self.note("eth", at=name)
            if font := of_text(value):
                self.note("legacy-font", font, at=name)
        if most and len(value) > most:
            self.note("longer-than-standard", f"{len(value)} > {most}", at=name)
        return value

    def visible(self, name: str) -> str | None:
        """Returns the text as `raw` does, without invisible characters: people cannot see them in a code. edxml §4.3"""
        value = self.raw(name)
        if value is None or value.isascii():
            return value
        cleaned = _INVISIBLE.sub("", value).strip()
        if cleaned != value:
            self.note("code-cleaned", cleaned, at=name)
        return cleaned or None

    def expect(self, names: Set[str]) -> None:
        """Reports other children than these, and text between children, as departures. edxml §3.5"""
        for name in self.element.children.keys() - names:
            if name.startswith("{"):
                self.note("foreign-element", name, at=name.rpartition("}")[2])
            elif any(name.casefold() == known.casefold() for known in names):
                self.note("wrong-case-element", name, at=name)
            else:
                self.note("unknown-element", name, at=name)
        if self.element.text and (stray := self.element.text.strip()):
            self.note("stray-text", stray)
