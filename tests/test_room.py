"""A disk that is nearly full takes no more changes, and still records what became of those that it took."""

from pathlib import Path

import pytest

from app.database.room import Room
from app.errors import DatabaseUnavailable

MB = 2**20


class Disk:
    def __init__(self, total: int, free: int) -> None:
        self.total, self.free, self.now, self.looks = total, free, 0.0, 0

    def usage(self, _path: Path) -> tuple[int, int]:
        self.looks += 1
        return self.total, self.free

    def room(self, folder: Path) -> Room:
        return Room(folder / "bridge.db", usage=self.usage, clock=lambda: self.now)


FULL = [(100_000 * MB, 63 * MB), (100 * MB, 4 * MB)]
ROOMY = [(100_000 * MB, 65 * MB), (100 * MB, 6 * MB)]


@pytest.mark.parametrize(("total", "free"), FULL, ids=["large", "small"])
def test_nearly_full_it_says_how_much_is_left(tmp_path: Path, total: int, free: int) -> None:
    disk = Disk(total, free)
    with pytest.raises(DatabaseUnavailable, match=rf"nearly full: {free // MB} MB are free, .* make room"):
        disk.room(tmp_path).must_be_left()


@pytest.mark.parametrize(("total", "free"), ROOMY, ids=["large", "small"])
def test_with_room_it_says_nothing_and_does_not_look_at_each_change(
    tmp_path: Path, total: int, free: int
) -> None:
    disk = Disk(total, free)
    room = disk.room(tmp_path)
    for _ in range(100):
        room.must_be_left()
    assert disk.looks == 1


def test_when_there_is_room_again_it_goes_on_by_itself(tmp_path: Path) -> None:
    disk = Disk(100_000 * MB, 0)
    room = disk.room(tmp_path)
    with pytest.raises(DatabaseUnavailable):
        room.must_be_left()
    disk.free, disk.now = 1000 * MB, 2.0
    room.must_be_left()


def test_the_real_disk_of_the_tests_has_room(tmp_path: Path) -> None:
    Room(tmp_path / "bridge.db").must_be_left()
