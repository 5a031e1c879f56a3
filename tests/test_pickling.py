"""Messages, frames and errors go through queues between processes, and can be copied."""

from __future__ import annotations

import copy
import pickle

import pytest
from real_frames import real_frames

import plmsproto as plms
from plmsproto.catalogue import Catalogue

VENDOR = """
[[item]]
afn = 0x0C
fn = 193
key = "vendor_fault"
[[item.layout]]
dir = "down"
fields = ""
"""


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_messages_survive_being_copied(copied) -> None:
    for each in real_frames():
        if each["intact"]:
            message = plms.decode(each["hex"], strict=False)
            again = copied(message)
            assert again == message
            assert bytes(again) == bytes(message)
            assert [str(error) for error in again.errors] == [str(error) for error in message.errors]
            assert again.catalogue is message.catalogue


def test_a_users_catalogue_goes_along() -> None:
    catalogue = Catalogue().extended(VENDOR, "vendor.toml")
    frame = next(each["hex"] for each in real_frames() if each["id"] == "376-0C-down-009")
    message = plms.decode(frame, catalogue=catalogue)
    again = pickle.loads(pickle.dumps(message))
    assert again.units[0].key == "vendor_fault"
    assert again.catalogue.item(0x0C, 193).source == "vendor.toml"
    assert bytes(again) == bytes(message)


def test_errors_keep_what_they_say() -> None:
    with pytest.raises(plms.CatalogueError) as caught:
        Catalogue().extended(VENDOR.replace('fields = ""', 'fields = "a u9"'), "vendor.toml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is plms.CatalogueError
    assert str(again) == str(caught.value)
    assert "vendor.toml" in str(again)
    assert again.line == 8
