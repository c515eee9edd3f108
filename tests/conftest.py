"""Options of the test suite."""

import pytest

from matgrad.runtime import kernel

# Most functions are called once or twice here, interpreted: compiling all of them would take too long.
kernel.EARLY = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rewrite`: write what the program gives now into the literate test files, to be read before it is committed."""
    parser.addoption("--rewrite", action="store_true", help="rewrite the expected output in the tests' text files")


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether expected output is to be rewritten rather than compared."""
    return bool(request.config.getoption("--rewrite"))
