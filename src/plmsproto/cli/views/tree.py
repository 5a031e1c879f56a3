"""The default view: a tree of named values for each frame."""

from __future__ import annotations

from typing import TextIO

from ...application.message import Message
from ...application.units import DataUnit
from ...identifier import ALL_POINTS
from ...layout import FieldValue, Undecoded
from ...link import Direction, Noise
from ..sources import is_harmless
from .base import Result, View, Words, grouped, make_console, printable
from .printer import Branch, Piece, Printer

_SHOWN_BYTES = 64


class TreeView(View):
    """A tree of named values for each frame."""

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self.printer = Printer(out, make_console(out, color))

    def show(self, result: Result) -> None:
        """Prints a frame's tree, or what is wrong with noise."""
        message = result.message
        words = Words(zh=self.zh, catalogue=message.catalogue if message else None)
        if message is None:
            self._show_noise(result, words)
            return
        tree = Branch(self._title(result, message, words))
        for unit in message.units:
            self._add_unit(tree, message, unit, words)
        if message.rest is not None:
            tree.add(*self._bytes(words.pick("not understood", "未能解析"), message.rest.raw, words))
        self._add_aux(tree, message, words)
        for deviation in grouped(message.deviations):
            tree.add((f"{words.pick('deviation', '偏差')}: {printable(deviation)}", "yellow"))
        for error in result.errors:
            tree.add((f"{type(error).__name__}: {printable(str(error))}", "bold red"))
        self.printer.tree(tree)

    def _show_noise(self, result: Result, words: Words) -> None:
        event = result.capture.event
        assert isinstance(event, Noise)
        style = "dim" if is_harmless(event) else "red"
        title = f"{words.pick('noise', '噪声')}, {event.length} {words.pick('bytes', '字节')}: "
        tree = Branch(((result.capture.place, "dim"), ("  ", ""), (title + printable(str(event.error)), style)))
        tree.add(*self._bytes("", event.data, words))
        self.printer.tree(tree)

    def _title(self, result: Result, message: Message, words: Words) -> list[Piece]:
        info = message.catalogue.afn(int(message.afn))
        name = words.pick(info.en, info.zh) if info else words.pick("vendor AFN", "厂家自定义AFN")
        seq = message.seq
        flags = "".join(f" {flag}" for flag, there in (("FIR", seq.fir), ("FIN", seq.fin), ("CON", seq.con)) if there)
        up = message.direction is Direction.UP
        way = (words.pick("up", "上行"), "bold green") if up else (words.pick("down", "下行"), "bold cyan")
        return [
            (result.capture.place, "dim"),
            ("  ", ""),
            way,
            (f"  AFN {int(message.afn):02X} {name}", "bold"),
            (f"  {message.address}  {message.control.value:02X} {_service(message, words)}", ""),
            (f"  SEQ {seq.number}{flags}", ""),
            (f"  [{message.edition}]", "dim"),
        ]

    def _add_unit(self, tree: Branch, message: Message, unit: DataUnit, words: Words) -> None:
        point = words.pick("all points", "全部测量点") if unit.pn == ALL_POINTS else f"p{unit.pn}"
        head = [(f"F{unit.fn} {point}", "bold"), (f"  {unit.key}" if unit.key else "", "")]
        item = message.catalogue.find_item(unit.afn, unit.fn, message.edition) if unit.key else None
        if item is not None:
            head.append((f"  {words.pick(item.en, item.zh)}", "dim"))
        branch = tree.add(*head)
        if isinstance(unit.value, Undecoded):
            branch.add(*self._bytes(words.pick("not understood", "未能解析"), unit.value.raw, words))
            return
        branches: dict[tuple[str, ...], Branch] = {(): branch}
        for line in message.lines(unit):
            parent = next(
                branches[line.path[:end]] for end in range(len(line.path) - 1, -1, -1) if line.path[:end] in branches
            )
            added = parent.add(*self._line(line, words))
            if line.group:
                branches[line.path] = added

    def _line(self, line: FieldValue, words: Words) -> list[Piece]:
        name = words.pick(line.name, line.zh) if line.time is None else words.value(line.time)
        color = "" if line.group else "cyan"
        if line.group and line.value is None:
            return [(name, color)]
        named = isinstance(line.value, str) and line.value in line.labels.values()
        value = words.label(line.value) if named else words.pick(words.value(line.value), line.value_zh)
        style = "dim" if line.value is None else "red" if isinstance(line.value, Undecoded) else "bold"
        pieces = [(f"{name}  ", color), (value, style if style == "red" else f"{style} {color}".rstrip())]
        values = line.value if isinstance(line.value, list) else [line.value]
        if line.unit and any(value is not None for value in values):
            pieces.append((f" {words.unit(line.unit)}", color))
        return pieces

    def _add_aux(self, tree: Branch, message: Message, words: Words) -> None:
        aux = message.aux
        if aux.pw:
            tree.add((f"PW  {words.value(aux.pw)}", ""))
        if aux.ec is not None:
            tree.add((f"EC  {words.value(aux.ec)}", ""))
        if aux.tp is not None:
            tree.add((f"Tp  {words.value(aux.tp)}", ""))

    def _bytes(self, label: str, raw: bytes, words: Words) -> list[Piece]:
        shown = raw[:_SHOWN_BYTES].hex(" ").upper()
        more = f" … ({len(raw)} {words.pick('bytes', '字节')})" if len(raw) > _SHOWN_BYTES else ""
        return [(f"{label}  {shown}{more}".strip(), "red" if label else "dim")]


def _service(message: Message, words: Words) -> str:
    function = message.control.link_function
    return words.pick(function.service, function.service_zh)
