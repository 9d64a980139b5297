"""SDK classes are found whichever thread asks first."""

import subprocess
import sys

# In a process of its own: in this one the SDK may be loaded already.
_MANY_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from e2e.deploy.cloud.sdk_types import resource_class

TYPES = ["ec2/route:Route", "ec2/subnet:Subnet", "rds/instance:Instance", "iam/role:Role"] * 6
together = Barrier(len(TYPES))

def find(type_):
    together.wait()
    return resource_class(f"aws:{type_}")

with ThreadPoolExecutor(len(TYPES)) as pool:
    assert len(list(pool.map(find, TYPES))) == len(TYPES)
"""


def test_many_threads_find_the_same_classes() -> None:
    subprocess.run([sys.executable, "-c", _MANY_THREADS], check=True)
