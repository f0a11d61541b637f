"""What the documents hold: their fenced blocks, links, paths, commands and names of tests. Text in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

_FENCE: Final = re.compile(r"^```(?P<language>\w*)(?P<mark>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_COMMAND: Final = re.compile(r"^(?:\$ )?(?:\./dev )?collector ([^|>&\n#]+)", re.MULTILINE)
_FOLDERS: Final = (".ci", "benchmarks", "collector", "deploy", "docs", "migrations", "release", "tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    language: str
    mark: str
    """What follows the language: `untested` where no test may run it."""
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One document."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root of the tree."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    def blocks(self, *languages: str) -> list[Block]:
        """List the fenced blocks in these languages (none named: all), in order."""
        found = [
            Block(language=match["language"], mark=match["mark"].strip(), text=match["text"])
            for match in _FENCE.finditer(self.text)
        ]
        return [block for block in found if not languages or block.language in languages]

    def prose(self) -> str:
        """Give the text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def spans(self) -> list[str]:
        """List what stands between single backticks."""
        return _SPAN.findall(self.prose())

    def links(self) -> list[str]:
        """List the targets of links that lead to other documents of this tree, or to places in them."""
        return [target for target in _LINK.findall(self.prose()) if "://" not in target]

    def anchors(self) -> set[str]:
        """List the names that headings can be linked by."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose())}

    def paths(self) -> list[str]:
        """List the files and folders of this tree that it names, as code."""
        return [span for span in self.spans() if "/" in span and span.split("/")[0] in _FOLDERS and " " not in span]

    def tests(self) -> set[str]:
        """List the names of tests that it names, as code."""
        return {span for span in self.spans() if re.fullmatch(r"test_\w+", span)}

    def commands(self) -> Iterator[str]:
        """List the arguments of every `collector …` that it names, in prose and in blocks."""
        for span in self.spans():
            yield from _COMMAND.findall(span)
        for block in self.blocks("sh", "console"):
            yield from _COMMAND.findall(block.text)


def pages() -> list[Page]:
    """List all documents of the tree: those at its root, and those in `docs`."""
    return [Page(path) for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])]


def page(name: str) -> Page:
    """Find one document by its path from the root."""
    return Page(ROOT / name)


def _anchor(heading: str) -> str:
    """Make the name that a heading gets: lower case, words joined by hyphens, other marks dropped."""
    words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return words.strip().replace(" ", "-")
