"""``explain`` takes what ``decode`` takes, and its spans cover the frame."""

from __future__ import annotations

import pytest
from implementations import Implementation

import plmsproto as plms

CONTENT = bytes(plms.examples("present_power", "up", edition="1376")[0])
FORMS = {
    "hex text": CONTENT.hex(" "),
    "bytes": CONTENT,
    "bytearray": bytearray(CONTENT),
    "memoryview": memoryview(CONTENT),
    "Frame": plms.Frame.parse(CONTENT),
}


@pytest.mark.parametrize("form", FORMS)
def test_explain_takes_what_decode_takes(implementation: Implementation, form: str) -> None:
    message, spans = plms.explain(FORMS[form])
    assert message == plms.decode(FORMS[form])
    assert [span.offset for span in spans][:3] == [0, 1, 3]
    assert sum(span.size for span in spans) == len(CONTENT)


def test_explain_is_lenient(implementation: Implementation) -> None:
    damaged = CONTENT[:-2] + bytes((CONTENT[-2] ^ 1,)) + CONTENT[-1:]
    message, spans = plms.explain(damaged)
    assert isinstance(message.errors[0], plms.BadChecksumError)
    assert "was received" in spans[-2].note


@pytest.mark.parametrize(("wrong", "error"), [("not hex", plms.BadStructureError), (CONTENT[:20], plms.TruncatedError)])
def test_what_is_no_frame_is_refused(wrong: str | bytes, error: type[plms.PlmsError]) -> None:
    with pytest.raises(error):
        plms.explain(wrong)
