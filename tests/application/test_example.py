"""Examples of items of a user's own, whose layouts take the roads that the library's seldom do."""

from __future__ import annotations

from typing import Any

import pytest

import plmsproto as plms
from plmsproto import UnknownItemError

LAYOUTS: dict[str, str] = {
    "only reserved codes": "n u1 (0..255=reserved)\nm[4] bits2 (0..3=reserved)\ns u1 { a: 0..1 (0..3=reserved) }",
    "one point an hour": "density u1 enum hourly\nvoltage[per_hour(density)] A7 V",
    "a choice of three": "k u1\nif k == 1 { a u1 }\nif k == 2 { b u2 }\nif k >= 200 { c u3 }",
    "a flag that decides": "s u1 { f: 7 }\nif s.f == 1 { a u1 } else { b u2 }",
    "optional after optional": "a u1\noptional { b u1\n optional { c A7 V } }",
    "bytes and text that are counted": "w u1\na raw[w]\nx u1\nb ascii[x]\ny u1\nc gb2312[y]",
    "bits and frames that are counted": "z u1\nd bs[z] 1..64\nv u1\ne meter_frame[v]",
    "to the end": "a u1\nb raw[*]",
    "lists in lists": "n u1\nx[n] { m u1\n y[m] { k u1 } }",
    "factors": "a u1 *0.5 0..24 h\nb u2 *20 ms\nc A8 *10\nd i2 *0.1",
    "more than counted": "n u1\na[n + 1] A14 kWh\nb raw[n - 1]",
    "set bits": "which bs[1] 1..3\nn[popcount(which)] A2 kW",
    "formats": "a digits[2]\nb hex[4]\nc phone[4]\nd ip4\ne bcd[3]\nf i4\ng A4\nh A24\ni A26",
}


def catalogue_with(fields: str) -> plms.Catalogue:
    return plms.Catalogue().extended(
        f"""
        [[enumeration]]
        key = "hourly"
        values = {{ 0 = "never", 1 = "each_hour" }}
        minutes = {{ 0 = 0, 1 = 60 }}
        [[item]]
        afn = 0x0C
        fn = 1999
        key = "trial"
        [[item.layout]]
        dir = "up"
        fields = '''
{fields}
'''
        """
    )


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("edition", ["130", "376", "1376"])
def test_every_layout_has_examples_that_come_back(name: str, edition: str) -> None:
    catalogue = catalogue_with(LAYOUTS[name])
    messages = plms.examples("trial", edition=edition, catalogue=catalogue)
    assert messages
    for message in messages:
        again = plms.decode(bytes(message), edition=edition, catalogue=catalogue)
        assert again.deviations == ()
        assert again.units[0].value == message.units[0].value


def values(name: str) -> list[dict[str, Any]]:
    return [message.units[0].value for message in plms.examples("trial", catalogue=catalogue_with(LAYOUTS[name]))]


def test_each_alternative_has_an_example() -> None:
    assert set().union(*values("a choice of three")) == {"k", "a", "b", "c"}
    assert set().union(*values("a flag that decides")) == {"s", "a", "b"}
    assert [set(each) for each in values("optional after optional")] == [{"a", "b", "c"}, {"a"}]


def test_the_last_of_several_plain_values_is_missing() -> None:
    (value,) = values("more than counted")
    assert value["a"][-1] is None
    assert None not in value["a"][:-1]


def test_examples_are_the_same_in_every_run() -> None:
    first, second = (plms.examples("present_power", edition="376") for _ in range(2))
    assert [bytes(each) for each in first] == [bytes(each) for each in second]


def test_what_an_edition_does_not_have_has_no_example() -> None:
    with pytest.raises(UnknownItemError):
        plms.examples("session_negotiate", edition="130")
    with pytest.raises(UnknownItemError, match="does not go up"):
        plms.examples("clock_set", "up")
