"""Availability zones by name (us-east-1a) and by id (use1-az1). Pure.

A name means another zone in each account; an id is the same zone in all of them.
"""

import re

_ID = re.compile(r"[a-z]+[0-9]-az[0-9]+")
# docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, read 2026-11.
WITHOUT_CONTROL_PLANES = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})


def is_zone_id(zone: str) -> bool:
    return _ID.fullmatch(zone) is not None
