"""
The picture of the tables, made from a migrated database: `python -m tests.documents.schema_image` prints it as SVG.

A table stands to the right of all that it refers to. A solid line is a foreign key; a dashed one is a key of another
table that no constraint watches, found by its name.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from xml.sax.saxutils import escape

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CHARACTER: Final = 7.25
LINE: Final = 17
TITLE: Final = 26
MARGIN: Final = 24
BETWEEN_LAYERS: Final = 90
BETWEEN_TABLES: Final = 26

STYLE: Final = """\
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
  .sheet { fill: #ffffff; }
  .box { fill: #f6f8fa; stroke: #59636e; }
  .title { font-weight: bold; }
  .key { text-decoration: underline; }
  .type { fill: #59636e; }
  .line { fill: none; stroke: #0969da; stroke-width: 1.3; }
  .loose { stroke-dasharray: 5 4; }
  .end { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .sheet { fill: #0d1117; }
    .box { fill: #151b23; stroke: #9198a1; }
    .type { fill: #9198a1; }
    .line { stroke: #4493f8; }
    .end { fill: #4493f8; }
  }"""

_COLUMNS: Final = """
SELECT
    c.relname::text AS table_name,
    a.attname::text AS name,
    replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') AS type,
    a.attnum = ANY (coalesce(k.conkey, '{}')) AS is_key
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relnamespace = 'collector'::regnamespace AND c.relkind = 'r'
ORDER BY c.relname, is_key DESC, a.attnum
"""
_FOREIGN_KEYS: Final = """
SELECT DISTINCT
    c.relname::text AS source,
    a.attname::text AS column_name,
    r.relname::text AS target
FROM pg_constraint AS f
INNER JOIN pg_class AS c ON c.oid = f.conrelid
INNER JOIN pg_class AS r ON r.oid = f.confrelid
INNER JOIN pg_attribute AS a
    ON a.attrelid = c.oid AND a.attnum = f.conkey[CASE WHEN cardinality(f.conkey) > 1 THEN 2 ELSE 1 END]
WHERE f.contype = 'f' AND c.relnamespace = 'collector'::regnamespace
ORDER BY 1, 2
"""
# Of a key of several columns, the second one: the first is always the cluster.


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    is_key: bool


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A line from a column of one table to another table."""

    source: str
    column: str
    target: str
    kind: Literal["foreign", "loose"]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a table is drawn."""

    x: float
    y: float
    width: float
    columns: tuple[Column, ...]

    @property
    def height(self) -> float:
        """Title and lines."""
        return TITLE + LINE * len(self.columns) + 6

    def middle_of(self, column: str) -> float:
        """Give the height at which a column's line meets the box."""
        place = [each.name for each in self.columns].index(column)
        return self.y + TITLE + LINE * (place + 0.5)


Tables = Mapping[str, tuple[Column, ...]]


async def schema_image(connection: Connection) -> str:
    """Draw the tables of a migrated database."""
    rows = await connection.fetch(_COLUMNS)
    tables: dict[str, tuple[Column, ...]] = {}
    for row in rows:
        column = Column(row["name"], row["type"], row["is_key"])
        tables[row["table_name"]] = (*tables.get(row["table_name"], ()), column)
    strict = [
        Reference(source, column, target, kind="foreign")
        for source, column, target in await connection.fetch(_FOREIGN_KEYS)
    ]
    references = sorted([*strict, *loose_references(tables, strict)])
    boxes = layout(tables, references)
    return draw(boxes, references)


def loose_references(tables: Tables, strict: Sequence[Reference]) -> Iterator[Reference]:
    """Find tables that hold the whole key of another one, which is named after it; the longest key counts."""
    known = {(each.source, each.target) for each in strict}
    keys = {name: [column.name for column in columns if column.is_key] for name, columns in tables.items()}
    for source, columns in tables.items():
        names = {column.name for column in columns}
        held = [target for target, key in keys.items() if key[-1] == f"{target}_id" and set(key) <= names]
        for target in held:
            is_covered = any(set(keys[target]) < set(keys[other]) for other in held if other != source)
            if target != source and not is_covered and (source, target) not in known:
                yield Reference(source, keys[target][-1], target, kind="loose")


def layout(tables: Tables, references: Sequence[Reference]) -> dict[str, Box]:
    """Give each table its place: in layers, in each the one with most lines on top; the unrelated ones last."""
    related = {name for each in references for name in (each.source, each.target)}
    layers: dict[int, list[str]] = {}
    for name in tables:
        layers.setdefault(_layer(name, references) if name in related else len(tables), []).append(name)
    boxes: dict[str, Box] = {}
    x: float = MARGIN
    for _, names in sorted(layers.items()):
        width = max(_width(name, tables[name]) for name in names)
        y: float = MARGIN
        for name in sorted(names, key=lambda name: (-_lines_at(name, references), name)):
            boxes[name] = Box(x, y, width, tables[name])
            y += boxes[name].height + BETWEEN_TABLES
        x += width + BETWEEN_LAYERS
    return boxes


def _layer(name: str, references: Sequence[Reference]) -> int:
    targets = [each.target for each in references if each.source == name]
    return max((_layer(target, references) + 1 for target in targets), default=0)


def _lines_at(name: str, references: Sequence[Reference]) -> int:
    return sum(name in {each.source, each.target} for each in references)


def _width(name: str, columns: Sequence[Column]) -> float:
    return max([len(name) + 4, *(len(column.name) + len(column.type) + 4 for column in columns)]) * CHARACTER


def draw(boxes: Mapping[str, Box], references: Sequence[Reference]) -> str:
    """Write the SVG: lines below, boxes above them, so that a line passes behind what it has nothing to do with."""
    width = max(box.x + box.width for box in boxes.values()) + MARGIN
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        "<title>Tables of schema collector</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="sheet" width="{width:.0f}" height="{height:.0f}"/>',
    ]
    parts += [_line(boxes, reference) for reference in references]
    for name, box in boxes.items():
        parts += _box(name, box)
    return "\n".join([*parts, "</svg>", ""])


def _line(boxes: Mapping[str, Box], reference: Reference) -> str:
    source, target = boxes[reference.source], boxes[reference.target]
    start_x, start_y = source.x, source.middle_of(reference.column)
    end_x, end_y = target.x + target.width, target.y + TITLE / 2
    bend = BETWEEN_LAYERS * 0.7
    return (
        f'<path class="line {reference.kind}" d="M{start_x:.0f} {start_y:.1f} C{start_x - bend:.0f} {start_y:.1f} '
        f'{end_x + bend:.0f} {end_y:.1f} {end_x + 5:.0f} {end_y:.1f}">'
        f"<title>{reference.source}.{reference.column} → {reference.target}</title></path>\n"
        f'<circle class="end" cx="{end_x + 4:.0f}" cy="{end_y:.1f}" r="4"/>'
    )


def _box(name: str, box: Box) -> Iterator[str]:
    left, right = box.x + 10, box.x + box.width - 10
    yield f'<rect class="box" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height}" rx="4"/>'
    yield f'<text class="title" x="{left:.0f}" y="{box.y + 18:.0f}">{escape(name)}</text>'
    for place, column in enumerate(box.columns):
        y = box.y + TITLE + LINE * place + 12
        kind = ' class="key"' if column.is_key else ""
        yield f'<text{kind} x="{left:.0f}" y="{y:.0f}">{escape(column.name)}</text>'
        yield f'<text class="type" x="{right:.0f}" y="{y:.0f}" text-anchor="end">{escape(column.type)}</text>'


async def _print_image() -> None:
    from collector.store.migrations import migrate
    from tests.postgres import scratch_server

    with scratch_server() as server:
        url = server.create_database("schema_image")
        await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            sys.stdout.write(await schema_image(connection))
        finally:
            await connection.close()


if __name__ == "__main__":
    asyncio.run(_print_image())
