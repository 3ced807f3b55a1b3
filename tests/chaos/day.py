"""A day that is simulated: so many orders, and how much faster than the clock it passes."""

import asyncio
from dataclasses import dataclass

#: Simulated minutes: the customers come in the first ten, and all is delivered within thirty.
ARRIVAL = 10
END = 30
#: What the ERP can answer in a simulated second on a day of the full size.
ANSWERS = 5
FULL = 5000


@dataclass
class Day:
    orders: int
    #: Simulated seconds in one real second.
    scale: float
    #: Simulated seconds between two kills of a process, about.
    between_kills: float
    began: float = 0

    def begin(self) -> None:
        self.began = asyncio.get_running_loop().time()

    def real(self, simulated_minutes: float) -> float:
        """Real seconds."""
        return simulated_minutes * 60 / self.scale

    @property
    def minute(self) -> float:
        """Simulated, since the day began."""
        return (asyncio.get_running_loop().time() - self.began) * self.scale / 60

    async def rest(self, simulated_minutes: float) -> None:
        await asyncio.sleep(self.real(simulated_minutes))

    @property
    def answers_per_second(self) -> float:
        """Of the ERP, in a real second: a smaller day has a smaller ERP."""
        return ANSWERS * self.scale * self.orders / FULL
