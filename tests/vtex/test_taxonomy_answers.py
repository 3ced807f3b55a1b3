"""What VTEX may answer about brands and categories: nothing unreadable passes for "there is none"."""

import pytest

from app.errors import Refused, Retry, Unauthorized
from app.http.door import Door
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.store import VtexStore, open_store
from tests.vtex.saying import Saying, settings
from tests.vtex.test_webservice_answers import envelope

ODD = ["<html>please log in</html>", '"1"', "7", '{"broken": ']


@pytest.fixture
def soap_brands(vtex: Saying, door: Door) -> Taxonomy:
    return open_store(door, "acme", settings(vtex.url, catalog="webservice")).brands


def reply(operation: str, members: str) -> str:
    dto = "http://schemas.datacontract.org/2004/07/Vtex.Commerce.WebApps.AdminWcfService.Contracts"
    return envelope(
        f'<{operation}Response xmlns="http://tempuri.org/" xmlns:a="{dto}">'
        f"<{operation}Result>{members}</{operation}Result></{operation}Response>"
    )


@pytest.mark.parametrize("body", ODD)
async def test_a_list_that_is_answered_oddly_is_tried_again(
    store: VtexStore, vtex: Saying, body: str
) -> None:
    vtex.says(200, body)
    for taxonomy in (store.brands, store.categories):
        with pytest.raises(Retry):
            await taxonomy.named("DuBom", None)


@pytest.mark.parametrize("body", ODD)
async def test_a_read_that_is_answered_oddly_is_tried_again(
    store: VtexStore, vtex: Saying, body: str
) -> None:
    vtex.says(200, body)
    for taxonomy in (store.brands, store.categories):
        with pytest.raises(Retry):
            await taxonomy.read(7)


async def test_a_create_answered_without_an_id_has_an_unknown_outcome(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "{}")
    for taxonomy in (store.brands, store.categories):
        with pytest.raises(Retry) as raised:
            await taxonomy.create(7, {"Name": "DuBom"})
        assert raised.value.unknown_outcome


async def test_403_names_the_permission_of_brands_and_of_categories(store: VtexStore, vtex: Saying) -> None:
    vtex.says(403)
    with pytest.raises(Unauthorized, match="Brands Management"):
        await store.brands.create(7, {"Name": "DuBom"})
    with pytest.raises(Unauthorized, match="Categories Management"):
        await store.categories.update(7, {"Name": "Barro"})


async def test_a_name_is_looked_for_in_a_list_that_is_read_once(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, '[{"id": 5, "name": "Du  Bom "}]')
    assert await store.brands.named("Other", None) is None
    assert await store.brands.named("Another", None) is None
    assert len(vtex.asked) == 1
    # What is there may have been renamed since.
    assert await store.brands.named("du bom", None) == 5
    assert len(vtex.asked) == 2


async def test_after_a_refused_create_the_list_is_read_anew(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "[]")
    vtex.says(400)
    vtex.says(200, '[{"id": 5, "name": "DuBom"}]')
    assert await store.brands.named("DuBom", None) is None
    with pytest.raises(Refused):
        await store.brands.create(4, {"Name": "DuBom"})
    assert await store.brands.named("DuBom", None) == 5


async def test_a_category_is_looked_for_below_its_parent_alone(store: VtexStore, vtex: Saying) -> None:
    leaf = '{"id": 8, "name": "Barro", "children": []}'
    vtex.says(200, f'[{{"id": 7, "name": "Artesanato", "children": [{leaf}]}}]')
    assert await store.categories.named("Barro", None) is None
    assert await store.categories.named("Barro", 7) == 8


@pytest.mark.parametrize("members", ["", "<a:Name>DuBom</a:Name>"])
async def test_the_webservices_write_without_an_id_has_an_unknown_outcome(
    soap_brands: Taxonomy, vtex: Saying, members: str
) -> None:
    vtex.says(200, reply("BrandInsertUpdate", members), content_type="text/xml")
    with pytest.raises(Retry) as raised:
        await soap_brands.create(None, {"Name": "DuBom"})
    assert raised.value.unknown_outcome


async def test_the_webservices_search_without_an_id_is_tried_again(
    soap_brands: Taxonomy, vtex: Saying
) -> None:
    vtex.says(200, reply("BrandGetByName", "<a:Name>DuBom</a:Name>"), content_type="text/xml")
    with pytest.raises(Retry, match="without an id"):
        await soap_brands.named("DuBom", None)


async def test_the_webservices_brand_of_another_name_is_none_of_ours(
    soap_brands: Taxonomy, vtex: Saying
) -> None:
    vtex.says(200, reply("BrandGetByName", "<a:Id>5</a:Id><a:Name>DuBom Kids</a:Name>"))
    assert await soap_brands.named("DuBom", None) is None


async def test_an_id_is_never_sent_to_the_webservice_for_what_is_new(
    soap_brands: Taxonomy, vtex: Saying
) -> None:
    vtex.says(200, reply("BrandInsertUpdate", "<a:Id>5</a:Id>"), content_type="text/xml")
    assert await soap_brands.create(None, {"Name": "DuBom"}) == 5
    assert b"Id>" not in vtex.bodies[0]
