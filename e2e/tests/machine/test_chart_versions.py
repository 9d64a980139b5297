"""What `make test` shows with Debian's Prometheus and Alertmanager, with the charts' versions.

Rules, queries, routes and discovery meet Prometheus 3 and Alertmanager 0.34 in the cluster, and
Debian's 2.42 and 0.25 in CI: the same tests run with either. Needs neither root nor a cluster.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.programs.cache import cache_directory
from e2e.programs.catalogue import MODULES

REPOSITORY = Path(__file__).parents[3]
# Program by the name under which the tests look for it.
NAMES = {
    "prometheus": ("prometheus", "prometheus"),
    "promtool": ("prometheus", "promtool"),
    "prometheus-alertmanager": ("alertmanager", "alertmanager"),
    "amtool": ("alertmanager", "amtool"),
}
TESTS = (
    "tests/contract/test_queries.py",
    "tests/contract/test_rules.py",
    "tests/infra/test_alert_routes.py",
    "tests/infra/test_alertmanager_runs.py",
    "tests/infra/test_platform_rules.py",
    "tests/integration/catalog/test_prometheus.py",
    "tests/local/test_configuration.py",
)


@pytest.mark.timeout(900)
def test_the_charts_programs_agree_with_debians(tmp_path: Path) -> None:
    for name, (module, program) in NAMES.items():
        path = cache_directory() / "tools" / MODULES[module].key / program
        if not path.exists():
            pytest.skip(f"{program} is not built: run `python -m e2e.programs {module}`")
        (tmp_path / name).symlink_to(path)
    search_path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *TESTS],
        cwd=REPOSITORY,
        env=os.environ | {"PATH": search_path},
        check=False,
    )
    assert done.returncode == 0
