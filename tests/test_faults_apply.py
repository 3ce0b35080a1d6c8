"""The negative controls of ``make faults`` break the code as it stands: each patch has its place, once."""

from pathlib import Path

import pytest

import watcher
from tests.faults.test_faults import CONTROLS


@pytest.mark.parametrize("broken", [control[0] for control in CONTROLS], ids=lambda broken: broken.name)
def test_a_build_can_be_broken_on_purpose(broken):
    text = (Path(watcher.__file__).parent / broken.file).read_text()
    assert text.count(broken.old) == 1
