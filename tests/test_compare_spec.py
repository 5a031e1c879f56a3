"""The tool that compares the catalogue with a specification finds each kind of difference, and nothing else."""

import compare_spec
import pytest
import spec_files

from plmsproto.catalogue import Catalogue

ITEM = """
[[item]]
afn = 0x0C
fn = 1999
key = "trial"
zh = "试"
pn = "terminal"
editions = [EDITIONS]
confidence = "high"
"""
EVENT = ITEM.replace("item", "event").replace("afn = 0x0C\nfn = 1999", "erc = 199").replace('pn = "terminal"\n', "")


def entry(*bodies, head=ITEM, editions=("376", "1376"), **changes):
    """An entry's TOML with (direction, fields) as its bodies, in its own editions unless a third says others."""
    head = head.replace("EDITIONS", ", ".join(f'"{edition}"' for edition in editions))
    for key, value in changes.items():
        head += f"{key} = {value}\n"
    kind = "event" if "erc" in head else "item"
    for direction, fields, *others in bodies:
        named = ", ".join(f'"{edition}"' for edition in (others or editions))
        place = f'dir = "{direction}"\n' if direction else ""
        head += f'[[{kind}.layout]]\n{place}editions = [{named}]\nfields = """\n{fields}\n"""\n'
    return head


def sides(tmp_path, spec, catalogue):
    """What a specification and a catalogue with these texts say about the entries that no standard has."""
    (tmp_path / "spec.toml").write_text(spec, encoding="utf-8")
    known = Catalogue()
    if catalogue:
        known = known.extended(catalogue)
    entries = [found for found in (known.find_item(0x0C, 1999), known.find_event(199)) if found]
    return spec_files.read_spec(tmp_path), compare_spec.read_catalogue(entries)


def differences(tmp_path, spec, catalogue):
    return [
        (each.title, each.edition, each.direction, each.kind)
        for each in compare_spec.compare(*sides(tmp_path, spec, catalogue))
    ]


def kinds_of_bodies(tmp_path, spec, catalogue, head=ITEM):
    """The kinds of difference of two layouts."""
    direction = "" if head is EVENT else "up"
    texts = (entry((direction, fields), head=head, editions=["376"]) for fields in (spec, catalogue))
    return {kind for *_, kind in differences(tmp_path, *texts)}


SAME = {
    "names do not matter": ("voltage_a A7 V\nvoltage_b A7 V", "voltage_{a,b}  A7  V"),
    "runs": ("voltage[3] A7 V", "voltage_{a,b,c}  A7  V"),
    "fixed lists": ("repeat 3 as phase {\n  energy A14 kWh\n}", "energy[3]  A14  kWh"),
    "counts": ("count u1\nrepeat count+1 as tariff {\n  energy A14 kWh\n}", "count u1\nenergy[count + 1] A14 kWh"),
    "set bits": (
        "flags bs1\nrepeat popcount(flags) as round {\n  limit A2 kW\n}",
        "flags bs[1] 1..8\nround[popcount(flags)] { limit A2 kW }",
    ),
    "nested counts": (
        "count u1\nrepeat count as group {\n  inner u1\n  repeat inner as x {\n    y u2\n  }\n}",
        "count u1\ngroup[count] {\n  inner u1\n  y[inner] u2\n}",
    ),
    "counts in bits": (
        "head u1 { count: 0..3; on: 7 }\nrepeat count as x {\n  y u1\n}",
        "head u1 { count: 0..3; on: 7 }\ny[head.count] u1",
    ),
    "bytes": ("length_1 u1\nrepeat length_1 as text {\n  octet u1\n}", "length_1 u1\ntext gb2312[length_1]"),
    "the rest": ("first u1\nrest raw*", "first u1\nrest raw[*]"),
    "identifiers": ("repeat * as unit {\n  da raw2\n  dt raw2\n}", "unit[*] identifier"),
    "reserved bits": ("state u1 { on: 0; reserved: 1..7 }", "state u1 { on: 0 }"),
    "digits of a number": ("x u1 { hour_units: 0..3; hour_tens: 4..5 }", "x u1 { hour: 0..5 bcd }"),
    "bit strings": ("x u1 { round_1: 0; round_2: 1 }", "x bs[1] 1..2"),
    "packed codes": ("x u1 { a: 0..1; b: 2..3; c: 4..5; d: 6..7 }", "x[4] bits2"),
    "conditions": (
        "kind u1\nif kind == 0 {\n  a A7 V\n}\nif kind != 0 {\n  b A25 A\n}",
        "kind u1\nif kind == 0 { a A7 V } else { b A25 A }",
    ),
    "curves": (
        "td Td_c\nrepeat td.count as point {\n  value A9 kW\n}",
        "curve curve_mark\npower[curve.point_count] A9 kW at curve",
    ),
    "hours": (
        "hour u1 { hour_units: 0..3; hour_tens: 4..5 }\ndensity u1\n"
        "if density == 1 {\n  v[4] A7 V\n}\nif density == 2 {\n  v[2] A7 V\n}\nif density == 3 {\n  v[1] A7 V\n}\n"
        "if density == 254 {\n  v[12] A7 V\n}\nif density == 255 {\n  v[60] A7 V\n}",
        "freeze_hour hour_mark\nvoltage_a[per_hour(freeze_hour.density)] A7 V at freeze_hour",
    ),
    "factors": ("duration u1 h *0.5", "duration u1 h *0.5"),
    "units that go without saying": ("switch_count u1 times", "switch_count u1"),
}


@pytest.mark.parametrize(("spec", "catalogue"), SAME.values(), ids=SAME)
def test_what_says_the_same_is_no_difference(tmp_path, spec, catalogue):
    assert kinds_of_bodies(tmp_path, spec, catalogue) == set()


OTHER = {
    "narrower": ("a u1\nb u2", "a u1\nb u1", "length"),
    "fewer": ("a u1\nb u2", "a u1", "length"),
    "more to a round": ("count u1\nrepeat count as x {\n  a u1\n}", "count u1\na[count] u2", "length"),
    "another count": ("count u1\nrepeat count as x {\n  a u1\n}", "count u1\na[count + 1] u1", "length"),
    "counted by another": ("a u1\nb u1\nrepeat b as x {\n  y u1\n}", "a u1\nb u1\ny[a] u1", "length"),
    "counted where nothing counts": ("count u1\na u1", "count u1\na[count] u1", "length"),
    "counted by other bits": (
        "a u1 { x: 0..3; y: 4..7 }\nrepeat x as z {\n  b u1\n}",
        "a u1 { x: 0..3; y: 4..7 }\nb[a.y] u1",
        "length",
    ),
    "set bits, not a number": ("a u1\nrepeat popcount(a) as x {\n  b u1\n}", "a u1\nb[a] u1", "length"),
    "counted inside, not outside": (
        "a u1\nrepeat a as x {\n  b u1\n  repeat b as y {\n    c u1\n  }\n}",
        "a u1\nx[a] {\n  b u1\n  c[a] u1\n}",
        "length",
    ),
    "a code too few": (
        "hour u1\ndensity u1\nif density == 1 {\n  v[4] A7 V\n}\nif density == 7 {\n  w[2] A7 V\n}",
        "hour u1\ndensity u1\nif density == 1 { v[4] A7 V }",
        "length",
    ),
    "another condition": ("a u1\nif a == 5 {\n  b u1\n}", "a u1\nif a == 6 { b u1 }", "length"),
    "a condition too many": ("a u1\nb u1", "a u1\nif a != 77 { b u1 }", "length"),
    "optional": ("a u1\nb u1", "a u1\noptional { b u1 }", "length"),
    "split": ("a raw4", "a u2\nb u2", "field_count"),
    "a bit more": ("a u1 { on: 0 }", "a u1 { on: 0; off: 1 }", "field_count"),
    "another format": ("a A9 kW", "a A23 kW", "format"),
    "binary, not BCD": ("a bcd2", "a u2", "format"),
    "opaque, not BCD": ("a bcd2", "a raw[2]", "format"),
    "bits that are digits": ("a u1 { hour_units: 0..3; hour_tens: 4..5 }", "a u1 { hour: 0..5 }", "format"),
    "signed": ("a u2", "a i2", "format"),
    "other bits": ("a u1 { on: 0 }", "a u1 { on: 1 }", "format"),
    "bits that overlap": ("a u1 { kind: 0..3 }", "a u1 { kind: 0..2 }", "format"),
    "another unit": ("a A11 kWh", "a A11 kvarh", "unit"),
    "another factor": ("a u1 h *0.5", "a u1 h", "unit"),
}


@pytest.mark.parametrize(("spec", "catalogue", "kind"), OTHER.values(), ids=OTHER)
def test_what_says_something_else_is_a_difference(tmp_path, spec, catalogue, kind):
    assert kinds_of_bodies(tmp_path, spec, catalogue) == {kind}


WHOLE_SPEC = """
td          Td_c
state       u1   { on: 0; kind: 4..6 }
flags       bs1
repeat popcount(flags) as round {
  limit     A2   kW
  switch    u1
}
tariff_count u1
repeat tariff_count+1 as tariff {
  energy    A14  kWh
}
duration    u1   min *15
if kind == 2 {
  place     bcd2
  text      ascii4
}
repeat td.count as point {
  value     A9   kW
}
"""
WHOLE_CATALOGUE = """
curve         curve_mark
state         u1 { on: 0; kind: 4..6 }
flags         bs[1]  1..8
round[popcount(flags)] {
  limit       A2  kW
  switch      u1
}
tariff_count  u1
energy[tariff_count + 1]  A14  kWh
duration      u1  min *15
if state.kind == 2 {
  place       bcd[2]
  text        ascii[4]
}
power[curve.point_count]  A9  kW  at curve
"""
SLIPS_OF_THE_SPECIFICATION = [
    ("Td_c", "Td_c\nmore        u1"),
    ("on: 0", "on: 1"),
    ("4..6", "4..7"),
    ("popcount(flags)", "2"),
    ("limit     A2", "limit     A5"),
    ("limit     A2   kW\n  switch    u1", "switch    u1\n  limit     A2   kW"),
    ("  switch    u1\n", ""),
    ("tariff_count u1", "tariff_count u2"),
    ("tariff_count+1", "tariff_count"),
    ("A14", "A11"),
    ("kWh", "kvarh"),
    ("*15", "*10"),
    ("kind == 2", "kind == 3"),
    ("kind == 2", "kind != 2"),
    ("kind == 2", "on == 1"),
    ("bcd2", "u2"),
    ("ascii4", "ascii2"),
    ("td.count", "td.count+1"),
    ("A9", "A23"),
]
SLIPS_OF_THE_CATALOGUE = [
    ("curve         curve_mark", "curve         { start_time A15\n point_count u1\n density u1 enum freeze_density }"),
    ("on: 0", "on: 1"),
    ("4..6", "4..5"),
    ("popcount(flags)", "1"),
    ("limit       A2", "limit       A26"),
    ("limit       A2  kW\n  switch      u1", "switch      u1\n  limit       A2  kW"),
    ("  limit       A2  kW\n", ""),
    ("tariff_count  u1", "tariff_count  u2"),
    ("tariff_count + 1", "tariff_count + 2"),
    ("A14", "A13"),
    ("kWh", "kvarh"),
    ("*15", ""),
    ("state.kind == 2", "state.kind == 1"),
    ("state.kind == 2", "state.kind <= 2"),
    ("if state.kind == 2", "optional"),
    ("bcd[2]", "raw[2]"),
    ("  text        ascii[4]\n", ""),
    ("curve.point_count", "tariff_count"),
    ("power[curve.point_count]  A9  kW  at curve\n", ""),
]


def kinds_with_a_slip(tmp_path, spec_slip=("", ""), catalogue_slip=("", "")):
    for slip, text in ((spec_slip, WHOLE_SPEC), (catalogue_slip, WHOLE_CATALOGUE)):
        assert slip[0] in text
    texts = WHOLE_SPEC.replace(*spec_slip, 1), WHOLE_CATALOGUE.replace(*catalogue_slip, 1)
    return kinds_of_bodies(tmp_path, *texts)


def test_two_long_layouts_say_the_same(tmp_path):
    assert kinds_with_a_slip(tmp_path) == set()


@pytest.mark.parametrize("slip", SLIPS_OF_THE_SPECIFICATION, ids=lambda slip: " to ".join(slip).replace("\n", " "))
def test_one_slip_in_a_long_layout_of_the_specification_is_a_difference(tmp_path, slip):
    assert kinds_with_a_slip(tmp_path, spec_slip=slip)


@pytest.mark.parametrize("slip", SLIPS_OF_THE_CATALOGUE, ids=lambda slip: " to ".join(slip).replace("\n", " "))
def test_one_slip_in_a_long_layout_of_the_catalogue_is_a_difference(tmp_path, slip):
    assert kinds_with_a_slip(tmp_path, catalogue_slip=slip)


def test_layouts_of_which_no_body_can_be_made_up_are_not_passed_over(tmp_path):
    # The library would show a list of two or three entries; a count that adds 5 allows none so short.
    spec, catalogue = "count u1\nrepeat count+5 as x {\n  a u1\n}", "count u1\na[count + 5] u1"
    assert kinds_of_bodies(tmp_path, spec, catalogue) == {"length"}


TRANSLATIONS = {
    "widths": ("a bcd2\nb raw*\nc[2] ascii4", "a bcd[2]\nb raw[*]\nc[2] ascii[4]"),
    "curve marks": ("td Td_c\nx u1", "td {\nstart_time A15\ndensity u1\ncount u1\n}\nx u1"),
    "bits by their field": (
        "a u1 { n: 0..3; spare: 4..7 }\nrepeat n-1 as x {\n}",
        "a u1 { n: 0..3 }\nx[a.n-1] {\n}",
    ),
    "digits": ("a u1 { hour_units: 0..3; hour_tens: 4..5 }", "a u1 { hour: 0..5 bcd }"),
    "names that are taken": (
        "length u1\nrepeat length as a {\n  length u1\n  if length == 2 {\n    a u1\n  }\n}\nif length == 3 {\n}",
        "length_2 u1\na[length_2] {\nlength_3 u1\nif length_3 == 2 {\na_2 u1\n}\n}\nif length_2 == 3 {\n}",
    ),
    "identifiers": ("da raw2   # DA\n\ndt raw2   # DT", "identifier raw[4]"),
    "units": ("a u1 min *15\nb u2 bps", "a u1 min *15\nb u2 bps"),
}


@pytest.mark.parametrize(("spec", "translation"), TRANSLATIONS.values(), ids=TRANSLATIONS)
def test_the_specification_is_translated_into_the_layout_language(spec, translation):
    text, units = spec_files.translate(spec)
    assert [line.split() for line in text.splitlines()] == [line.split() for line in translation.splitlines()]
    assert units == ({"min", "bps"} if "min" in spec else set())


def test_the_length_of_an_event_decides(tmp_path):
    spec = "time A15\nif length == 6 {\n  a u1\n}\nif length != 6 {\n  b u2\n}"
    same = "time A15\nif length == 6 { a u1 } else { b u2 }"
    other = "time A15\nif length == 7 { b u2 } else { a u1 }"
    more = "time A15\nif length == 6 { a u1 } else { b u2 }\nif length == 9 { c u2 }"
    assert kinds_of_bodies(tmp_path, spec, same, head=EVENT) == set()
    assert kinds_of_bodies(tmp_path, spec, other, head=EVENT) == {"length"}
    assert kinds_of_bodies(tmp_path, spec, more, head=EVENT) == {"length"}


def test_items_bodies_and_editions_must_be_in_both(tmp_path):
    up, down = ("up", "a u1"), ("down", "a u1")
    both = ("0C F1999", "376"), ("0C F1999", "1376")
    assert differences(tmp_path, entry(up), "") == [(*each, "", "presence") for each in both]
    assert differences(tmp_path, "", entry(up)) == [(*each, "", "extra") for each in both]
    assert differences(tmp_path, entry(up, down), entry(up)) == [(*each, "down", "presence") for each in both]
    assert differences(tmp_path, entry(up), entry(up, down)) == [(*each, "down", "presence") for each in both]
    assert differences(tmp_path, entry(up), entry(up, editions=["376"])) == [(*both[1], "", "edition")]
    assert differences(tmp_path, entry(up, editions=["376"]), entry(up)) == [(*both[1], "", "edition")]
    assert differences(tmp_path, entry(up), entry(("up", "a u1", "376"))) == [(*both[1], "up", "presence")]
    event = entry(("", "a u1"), head=EVENT, editions=["376"])
    assert differences(tmp_path, event, "") == [("ERC199", "376", "", "presence")]


def test_a_body_for_one_edition_is_compared_in_that_edition(tmp_path):
    spec = entry(("up", "a u1", "376"), ("up", "a u2", "1376"))
    assert differences(tmp_path, spec, spec) == []
    assert differences(tmp_path, spec, entry(("up", "a u1"))) == [("0C F1999", "1376", "up", "length")]


def test_an_empty_body_is_none(tmp_path):
    assert differences(tmp_path, entry(("down", "# nothing")), entry()) == []


def test_variants_are_not_compared(tmp_path):
    variant = '[[item.layout]]\ndir = "up"\nvariant = "short"\nfields = "a u2"\n'
    assert differences(tmp_path, entry(("up", "a u1")), entry(("up", "a u1")) + variant) == []


def test_marks_must_be_the_same(tmp_path):
    spec = entry(editions=["376"], supplement="true")
    catalogue = entry(editions=["376"]).replace("high", "low").replace("试", "试验").replace("terminal", "task")
    kinds = [kind for *_, kind in differences(tmp_path, spec, catalogue)]
    assert kinds == ["confidence", "pn", "zh", "supplement"]
    assert differences(tmp_path, entry(), entry(supplement='"of 2014"')) == []


def report(tmp_path, spec, catalogue, explanations):
    return compare_spec.report(*sides(tmp_path, spec, catalogue), compare_spec.read_explanations(explanations))


def explanation(**changes):
    keys = {
        "item": '"0C F1999"',
        "editions": '["376", "1376"]',
        "kind": '"length"',
        "direction": '"up"',
        "reason": '"so"',
    }
    return "[[difference]]\n" + "".join(f"{key} = {value}\n" for key, value in (keys | changes).items() if value)


COUNTED = entry(("up", "count u1\nrepeat count as x {\n  a u2\n}"))
WIDER = entry(("up", "count u1\na[count] u3"))


def test_the_report_says_what_differs_and_where(tmp_path):
    lines, good = report(tmp_path, COUNTED, WIDER, "")
    assert not good
    assert lines[0] == (
        "0C F1999 up in 376, 1376: length: 3 bytes are a body in the specification, in the catalogue more must follow: "
        "01 68 24"
    )
    assert lines[-1].endswith("2 differences, 2 of them unexplained; 0 stale explanations")


def test_no_difference_is_good(tmp_path):
    lines, good = report(tmp_path, COUNTED, COUNTED.replace("repeat count as x {\n  a u2\n}", "a[count] u2"), "")
    assert good
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("spec", "catalogue", "kind", "direction"),
    [
        (COUNTED, WIDER, "length", "up"),
        (COUNTED, "", "presence", ""),
        ("", WIDER, "extra", ""),
        (entry(("up", "a raw4")), entry(("up", "a u2\nb u2")), "field_count", "up"),
        (entry(("up", "a A9 kW")), entry(("up", "a A23 kW")), "format", "up"),
        (entry(), entry().replace("high", "low"), "confidence", ""),
    ],
)
def test_an_explanation_silences_its_difference(tmp_path, spec, catalogue, kind, direction):
    given = explanation(kind=f'"{kind}"', direction=direction and f'"{direction}"')
    lines, good = report(tmp_path, spec, catalogue, given)
    assert good, lines
    assert len(lines) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"item": '"0C F1998"'},
        {"direction": '"down"'},
        {"kind": '"format"'},
        {"editions": '["376"]'},
        {"editions": '["130", "376", "1376"]'},
    ],
)
def test_an_explanation_of_anything_else_does_not(tmp_path, changes):
    assert not report(tmp_path, COUNTED, WIDER, explanation(**changes))[1]


def test_a_stale_explanation_is_an_error(tmp_path):
    lines, good = report(
        tmp_path, COUNTED, COUNTED.replace("repeat count as x {\n  a u2\n}", "a[count] u2"), explanation()
    )
    assert not good
    assert lines[0] == "0C F1999 up in 376, 1376: the explanation of a difference in length explains nothing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (explanation(kind='"lenght"'), "kind must be one of"),
        (explanation(reason='""'), "reason is missing"),
        (explanation(item='"F25"'), "neither an item"),
        (explanation(why='"so"'), "unknown why"),
        ("[[differences]]", "unknown differences"),
        ("difference", "Expected"),
    ],
)
def test_wrong_explanations_are_refused(text, message):
    with pytest.raises(spec_files.SpecError, match=message):
        compare_spec.read_explanations(text)


def test_one_explanation_may_name_several_items():
    found = compare_spec.read_explanations(explanation(item='["0C F1", "ERC3"]'))
    assert [each.title for each in found] == ["0C F1", "ERC3"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("a A28", "unknown type"),
        ("a", "not a field"),
        ("repeat count as x {\n  a u1\n}", "no earlier field"),
        ("repeat 2 as x {\n  a u1", "is missing"),
        ("}", "too many"),
        ("repeat 2 as x {\n  a u1\n}\n}", "too many"),
        ("repeat 2*3 as x {\n  a u1\n}", "not a count"),
        ("a u1 { on }", "not bits"),
    ],
)
def test_a_wrong_specification_is_refused(tmp_path, fields, message):
    (tmp_path / "spec.toml").write_text(entry(("up", fields)), encoding="utf-8")
    with pytest.raises(spec_files.SpecError, match=message) as caught:
        spec_files.read_spec(tmp_path)
    assert str(caught.value).startswith("spec.toml, 0C F1999: ")


def test_a_specification_without_files_is_refused(tmp_path):
    with pytest.raises(spec_files.SpecError, match="no TOML files"):
        spec_files.read_spec(tmp_path)


def test_the_command_says_by_its_status_whether_all_is_well(tmp_path, capsys):
    folder, explanations = tmp_path / "spec", tmp_path / "explanations.toml"
    folder.mkdir()
    (folder / "spec.toml").write_text(entry(("up", "a u1")).replace("0x0C", "0x77"), encoding="utf-8")
    explanations.write_text("", encoding="utf-8")
    arguments = [str(folder), "--explanations", str(explanations)]
    assert compare_spec.main([*arguments, "--afn", "77"]) == 1
    assert "77 F1999 in 376, 1376: presence: not in the catalogue" in capsys.readouterr().out
    explanations.write_text(explanation(item='"77 F1999"', kind='"presence"', direction=""), encoding="utf-8")
    assert compare_spec.main([*arguments, "--afn", "77", "--verbose"]) == 0
    assert "explained: 77 F1999 in 376: so" in capsys.readouterr().out
    assert compare_spec.main([*arguments, "--afn", "78"]) == 0
    assert compare_spec.main([str(tmp_path / "nothing")]) == 2
    assert "no TOML files" in capsys.readouterr().err


def test_the_file_of_explanations_can_be_read():
    text = compare_spec.EXPLANATIONS.read_text(encoding="utf-8")
    assert compare_spec.read_explanations(text)
