"""The default view: a tree of named values for each frame."""

from __future__ import annotations

from typing import TextIO

from rich.text import Text
from rich.tree import Tree

from ...application.message import Message
from ...application.units import DataUnit
from ...identifier import ALL_POINTS
from ...layout import FieldValue, Undecoded
from ...link import Direction, Noise
from ..sources import is_harmless
from .base import Result, View, Words, grouped, make_console, printable

_SHOWN_BYTES = 64


class TreeView(View):
    """A tree of named values for each frame."""

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self.console = make_console(out, color)

    def show(self, result: Result) -> None:
        """Prints a frame's tree, or what is wrong with noise."""
        message = result.message
        words = Words(zh=self.zh, catalogue=message.catalogue if message else None)
        if message is None:
            self._show_noise(result, words)
            return
        tree = Tree(self._title(result, message, words))
        for unit in message.units:
            self._add_unit(tree, message, unit, words)
        if message.rest is not None:
            tree.add(self._bytes(words.pick("not understood", "未能解析"), message.rest.raw, words))
        self._add_aux(tree, message, words)
        for deviation in grouped(message.deviations):
            tree.add(Text(f"{words.pick('deviation', '偏差')}: {printable(deviation)}", style="yellow"))
        for error in result.errors:
            tree.add(Text(f"{type(error).__name__}: {printable(str(error))}", style="bold red"))
        self.console.print(tree)

    def _show_noise(self, result: Result, words: Words) -> None:
        event = result.capture.event
        assert isinstance(event, Noise)
        style = "dim" if is_harmless(event) else "red"
        title = Text.assemble((result.capture.place, "dim"), "  ")
        title.append(f"{words.pick('noise', '噪声')}, {event.length} {words.pick('bytes', '字节')}: ", style)
        title.append(printable(str(event.error)), style)
        tree = Tree(title)
        tree.add(self._bytes("", event.data, words))
        self.console.print(tree)

    def _title(self, result: Result, message: Message, words: Words) -> Text:
        up = message.direction is Direction.UP
        info = message.catalogue.afn(int(message.afn))
        name = words.pick(info.en, info.zh) if info else words.pick("vendor AFN", "厂家自定义AFN")
        title = Text.assemble((result.capture.place, "dim"), "  ")
        title.append(
            words.pick("up", "上行") if up else words.pick("down", "下行"), "bold green" if up else "bold cyan"
        )
        title.append(f"  AFN {int(message.afn):02X} {name}", "bold")
        title.append(f"  {message.address}  {message.control.value:02X} {_service(message, words)}")
        seq = message.seq
        flags = "".join(f" {flag}" for flag, there in (("FIR", seq.fir), ("FIN", seq.fin), ("CON", seq.con)) if there)
        title.append(f"  SEQ {seq.number}{flags}")
        title.append(f"  [{message.edition}]", "dim")
        return title

    def _add_unit(self, tree: Tree, message: Message, unit: DataUnit, words: Words) -> None:
        point = words.pick("all points", "全部测量点") if unit.pn == ALL_POINTS else f"p{unit.pn}"
        head = Text.assemble((f"F{unit.fn} {point}", "bold"), f"  {unit.key}" if unit.key else "")
        item = message.catalogue.find_item(unit.afn, unit.fn, message.edition) if unit.key else None
        if item is not None:
            head.append(f"  {words.pick(item.en, item.zh)}", "dim")
        branch = tree.add(head)
        if isinstance(unit.value, Undecoded):
            branch.add(self._bytes(words.pick("not understood", "未能解析"), unit.value.raw, words))
            return
        branches: dict[tuple[str, ...], Tree] = {(): branch}
        for line in message.lines(unit):
            parent = next(
                branches[line.path[:end]] for end in range(len(line.path) - 1, -1, -1) if line.path[:end] in branches
            )
            added = parent.add(self._line(line, words))
            if line.group:
                branches[line.path] = added

    def _line(self, line: FieldValue, words: Words) -> Text:
        name = words.pick(line.name, line.zh) if line.time is None else words.value(line.time)
        text = Text(name, style="cyan" if not line.group else "")
        if line.group and line.value is None:
            return text
        named = isinstance(line.value, str) and line.value in line.labels.values()
        value = words.label(line.value) if named else words.pick(words.value(line.value), line.value_zh)
        style = "dim" if line.value is None else "red" if isinstance(line.value, Undecoded) else "bold"
        text.append("  ").append(value, style)
        values = line.value if isinstance(line.value, list) else [line.value]
        if line.unit and any(value is not None for value in values):
            text.append(f" {words.unit(line.unit)}")
        return text

    def _add_aux(self, tree: Tree, message: Message, words: Words) -> None:
        aux = message.aux
        if aux.pw:
            tree.add(Text(f"PW  {words.value(aux.pw)}"))
        if aux.ec is not None:
            tree.add(Text(f"EC  {words.value(aux.ec)}"))
        if aux.tp is not None:
            tree.add(Text(f"Tp  {words.value(aux.tp)}"))

    def _bytes(self, label: str, raw: bytes, words: Words) -> Text:
        shown = raw[:_SHOWN_BYTES].hex(" ").upper()
        more = f" … ({len(raw)} {words.pick('bytes', '字节')})" if len(raw) > _SHOWN_BYTES else ""
        return Text(f"{label}  {shown}{more}".strip(), style="red" if label else "dim")


def _service(message: Message, words: Words) -> str:
    function = message.control.link_function
    return words.pick(function.service, function.service_zh)
