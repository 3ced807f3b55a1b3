"""XML from outside is looked through before anything is built of it: no DTD, bounded in all ways."""

from collections.abc import Mapping

from lxml import etree

#: A list of a thousand products is below a third of them.
LONGEST_BYTES = 8 * 2**20
DEEPEST = 64
MOST_ELEMENTS = 200_000


class UnsafeXMLError(ValueError):
    """To be read after a name: "must not have a DTD"."""


def check(document: bytes, *, longest: int = LONGEST_BYTES, encoding: str | None = None) -> None:
    """Whole, and harmless to whoever reads it; UnsafeXMLError says what it is not.

    `encoding`: of text that was decoded already, whatever its declaration says.
    """
    if len(document) > longest:
        raise UnsafeXMLError(f"must be at most {longest} bytes long")
    # Entities could only be declared in a DTD; it ends at the first sign of one.
    parser = etree.XMLParser(
        target=_Onlooker(),  # type: ignore[arg-type]  # the stubs want more methods than lxml does
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise UnsafeXMLError(f"must be whole XML ({error.msg or 'it is empty'})") from error


class _Onlooker:
    """lxml tells it what comes next; nothing is kept."""

    def __init__(self) -> None:
        self._depth = self._elements = 0

    def doctype(self, _name: str, _public: str, _system: str) -> None:
        raise UnsafeXMLError("must not have a DTD")

    def start(self, _tag: str, _attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise UnsafeXMLError(f"must not be deeper than {DEEPEST} elements")
        if self._elements > MOST_ELEMENTS:
            raise UnsafeXMLError(f"must not have more than {MOST_ELEMENTS} elements")

    def end(self, _tag: str) -> None:
        self._depth -= 1

    def close(self) -> None:
        """lxml wants one."""
