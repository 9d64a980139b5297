"""A night on call, for screenshots: made-up services, delivered through the real webhook."""

from datetime import timedelta

from tests.browser.deliveries import alert, create_integration, send
from tests.browser.stack import Stack
from tests.support.alertmanager import Json

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ERROR_RATE = {"service": "checkout", "severity": "critical", "namespace": "shop",
              "deployment": "checkout", "environment": "production",
              "prometheus": "monitoring/k8s"}  # fmt: skip
ABOUT_ERROR_RATE = {
    "summary": "5.8 % of requests fail; the objective allows 0.1 %",
    "description": "The error ratio of checkout over the last 5 minutes is 58 times what the"
    " objective allows.\nAt this pace the budget of the month is gone in 12 hours.",
    "runbook_url": "https://runbooks.example.com/checkout/high-error-rate",
    "dashboard": "https://grafana.example.com/d/checkout?var-namespace=shop",
}


async def fill(stack: Stack) -> None:
    """Deliver a storm in one service, trouble in some others, and one broken alert."""
    europe = create_integration(stack, "eu-west-1")
    _history(stack)
    for _ in range(4):
        send(stack, *_storm(), *_trouble())
    broken = alert("DiskFilling", node="ip-10-0-12-9") | {"startsAt": "yesterday"}
    send(stack, alert("Watchdog", prometheus="monitoring/eu", severity="none", ago=9 * DAY,
                      annotations={"summary": "Always fires: alerts arrive"}),
         broken, token=europe)  # fmt: skip
    # What repeats over hours would have done.
    await stack.execute(
        "UPDATE alert SET"
        " times_seen = 2 + extract(epoch FROM now() - starts_at)::bigint / 300,"
        " first_seen_at = least(starts_at, (SELECT min(opened_at) FROM episode"
        "   WHERE episode.fingerprint = alert.fingerprint)),"
        " last_seen_at = greatest(starts_at,"
        "   now() - make_interval(secs => 2 + abs(hashtext(fingerprint)) % 170))"
    )


def _history(stack: Stack) -> None:
    """Let the alert of the screenshot have fired before."""
    for began, lasted in ((9.6 * HOUR, 18 * MINUTE), (4.9 * HOUR, 50 * MINUTE)):
        send(stack, alert("HighErrorRate", ago=began, labels=ERROR_RATE))
        ended = began - lasted
        send(stack, alert("HighErrorRate", ago=began, resolved=ended, labels=ERROR_RATE))


def _storm() -> list[Json]:
    pods = [
        alert("PodCrashLooping", service="checkout", severity="critical", namespace="shop",
              pod=f"checkout-6d9f7c5b8-{n:05x}", ago=timedelta(minutes=11, seconds=n),
              annotations={"summary": f"Restarted {4 + n % 5} times in 10 minutes"})
        for n in range(311)
    ]  # fmt: skip
    errors = alert("HighErrorRate", ago=3 * MINUTE, labels=ERROR_RATE, annotations=ABOUT_ERROR_RATE)
    return [errors, *pods]


def _trouble() -> list[Json]:
    return [
        alert("LatencyP99High", service="checkout", severity="warning", namespace="shop",
              route="/cart/confirm", ago=41 * MINUTE,
              annotations={"summary": "p99 is 2.4 s; the objective is 800 ms"}),
        alert("ReplicationLag", service="payments-db", severity="critical", ago=9 * MINUTE,
              instance="payments-db-1.c9x2.us-east-1.rds.amazonaws.com",
              annotations={"summary": "The replica is 4 min 12 s behind"}),
        alert("BackupOverdue", service="payments-db", severity="info", instance="payments-db-0",
              ago=26 * HOUR, annotations={"summary": "The last backup is 26 h old"}),
        alert("NodeMemoryPressure", service="nodes", severity="warning", ago=187 * MINUTE,
              node="ip-10-0-11-47.ec2.internal", annotations={"summary": "4 % of memory is free"}),
        alert("CertificateExpiresSoon", service="ingress", severity="warning", namespace="ingress",
              ago=3 * DAY + 5 * HOUR, annotations={"summary": "shop.example.com has 6 days left"}),
    ]  # fmt: skip
