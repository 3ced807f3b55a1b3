from pathlib import Path

import pytest

from tests.doctor.asking import Doctor
from tests.running import RunningSandbox


@pytest.fixture
def doctor(sandbox: RunningSandbox, migrated_sqlite_url: str, tmp_path: Path) -> Doctor:
    return Doctor(sandbox, migrated_sqlite_url, tmp_path)
