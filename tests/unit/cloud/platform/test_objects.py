"""Files go in and come out, from a folder as from an object store."""

from pathlib import Path

from tokkatot.cloud.platform.objects import Objects


async def test_a_file_comes_out_as_it_went_in(tmp_path: Path) -> None:
    objects = Objects.open(None, folder=tmp_path / "objects")
    await objects.put("pictures/1/latest.jpg", b"first")
    before = await objects.get("pictures/1/latest.jpg")
    await objects.put("pictures/1/latest.jpg", b"the second")
    after = await objects.get("pictures/1/latest.jpg")
    assert before is not None
    assert after is not None
    assert (before.content, after.content) == (b"first", b"the second")
    assert before.etag != after.etag


async def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    objects = Objects.open(None, folder=tmp_path)
    assert await objects.get("pictures/2/latest.jpg") is None


async def test_a_store_in_memory_serves_alike() -> None:
    objects = Objects.open("memory:///", folder=Path("unused"))
    await objects.put("a", b"x")
    found = await objects.get("a")
    assert found is not None
    assert found.content == b"x"
