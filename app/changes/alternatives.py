"""Fields of which not all can stand together: what was said last stays."""

from collections.abc import Sequence

from app.queue.folding import Folded, Registers, is_older


def drop_oldest(registers: Registers, folded: Folded, names: Sequence[str]) -> None:
    """Where all are named, the one said first goes; of those that came together, the last in line."""
    if not all(name in registers.desired for name in names):
        return
    oldest = _oldest(registers, names)
    when, _ = registers.standing(oldest)
    registers.drop(oldest)
    if oldest in folded.written:
        folded.written.remove(oldest)
        others = [registers.standing(name)[0] for name in names if name != oldest]
        folded.newer += [
            each for each in others if each is not None and when is not None and is_older(when, each)
        ]


def _oldest(registers: Registers, names: Sequence[str]) -> str:
    """By when it was said; where that is equal or cannot be compared, by acceptance."""
    accepted = sorted(names, key=lambda name: (registers.standing(name)[1], -names.index(name)))
    oldest = accepted[0]
    for name in accepted[1:]:
        said, _ = registers.standing(name)
        if said is not None and is_older(said, registers.standing(oldest)[0]):
            oldest = name
    return oldest
