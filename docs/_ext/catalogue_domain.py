"""Links to catalogue entries, and entries in the site's search.

Roles: ``{item}`0C F25` ``, ``{event}`ERC14` ``, ``{format}`A14` ``, with a number or a key, also as
``{item}`text <present_power>` ``. Directive: ``{anchor} 0C-F25`` gives the section around it that name in addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from places import places
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

KINDS = ("item", "event", "format")
_FIRST_IN_SEARCH = 0
"""Sphinx's number for objects that a search lists before all others."""


class EntryRole(XRefRole):
    """A role that needs no name of its domain before its own."""

    innernodeclass = nodes.inline

    def __init__(self) -> None:
        super().__init__(warn_dangling=True)

    def process_link(
        self, env: Any, refnode: Any, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Puts the link into the domain."""
        refnode["refdomain"] = CatalogueDomain.name
        return super().process_link(env, refnode, has_explicit_title, title, target)


class Anchor(SphinxDirective):
    """Names the section that it stands in. The name is used as it is, while Sphinx makes its own lower-case."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Puts the name before those that Sphinx made of the title."""
        section = self.state_machine.node
        section["ids"].insert(0, self.arguments[0])
        return []


class CatalogueDomain(Domain):
    """Items, event records and formats. It collects nothing while pages are read: all places are known before."""

    name = "plms"
    label = "catalogue"
    object_types: ClassVar[dict[str, ObjType]] = {kind: ObjType(kind, kind) for kind in KINDS}

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """What a search finds by its name: number, key, English and Chinese."""
        for place in dict.fromkeys(places().values()):
            yield place.shown, place.shown, place.kind, place.page, place.anchor, _FIRST_IN_SEARCH

    def resolve_xref(
        self,
        env: Any,  # noqa: ARG002  # the signature is Sphinx's
        fromdocname: str,
        builder: Any,
        typ: str,
        target: str,
        node: pending_xref,  # noqa: ARG002  # the signature is Sphinx's
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """The link to an entry; ``None``, which Sphinx complains about, if there is none."""
        place = places().get((typ, target))
        if place is None:
            return None
        return make_refnode(builder, fromdocname, place.page, place.anchor, contnode, place.shown)

    def resolve_any_xref(self, *_arguments: Any, **_options: Any) -> list[tuple[str, nodes.reference]]:
        """Links that do not say what they are to mean no entry."""
        return []

    def merge_domaindata(self, docnames: Any, otherdata: Any) -> None:
        """There is nothing to merge."""


def setup(app: Sphinx) -> None:
    """Registers domain, roles and directive."""
    app.add_domain(CatalogueDomain)
    for kind in KINDS:
        app.add_role(kind, EntryRole())
    app.add_directive("anchor", Anchor)
