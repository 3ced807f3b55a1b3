"""What every contract check raises: a request that VTEX's own description of its API does not allow."""


class ContractViolation(AssertionError):
    """One line per mistake, after the request that made them."""

    def __init__(self, request: str, mistakes: list[str]) -> None:
        super().__init__(f"{request}: {'; '.join(mistakes)}")
        self.mistakes = mistakes
