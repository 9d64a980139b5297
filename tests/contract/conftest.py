"""The image's files, laid out once for all tests that look at them."""

import pytest

from tests.support.image import Image, build


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(tmp_path_factory.mktemp("image"))
