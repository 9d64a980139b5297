"""Alertmanager's configuration: all alerts go to the backend, some also directly to people.

Pure. It names secrets by their files, because a Helm release stores the configuration unencrypted.
"""

from collections.abc import Mapping, Sequence

from infra import naming
from infra.config.observability import DirectReceiver, NotificationOptions
from infra.third_party.pods import Pods, Workload

NAME, PORT = "alertmanager", 9093
PODS = Pods(
    NAME,
    Workload("kps-alertmanager", 15, 56),
    {"app.kubernetes.io/name": "alertmanager", "alertmanager": naming.PROMETHEUS_RELEASE},
)
# The pod identity association names it.
ACCOUNT = "kps-alertmanager"
DIRECT_SECRET = "alertmanager-direct"  # noqa: S105  the name of a Secret, not its content
DIRECT_URL_KEY = "url"
DIRECT_PASSWORD_KEY = "password"  # noqa: S105  the key in the Secret
WEBHOOK_PATH = "/api/v1/webhooks/alertmanager"
# The operator mounts the Secrets of alertmanagerSpec.secrets here.
SECRETS = "/etc/alertmanager/secrets"
BACKEND, DIRECT = "backend", "direct"
# These always fire: without them, the delivery of alerts is broken.
HEARTBEATS = ("Watchdog", "BackendHeartbeat")
# These report that the backend, or the delivery to it, is broken.
WAY_TO_BACKEND = (
    "BackendDown",
    "BackendDeliveriesMissing",
    "BackendIntakeFailing",
    "AlertmanagerFailedToSendAlerts",
    "AlertmanagerClusterFailedToSendAlerts",
)


def alertmanager_config(
    options: NotificationOptions, *, topic_arn: object, region: str
) -> dict[str, object]:
    """Build the configuration that replaces the chart's routes, receivers and inhibitions."""
    direct = _direct_receiver(options, topic_arn=topic_arn, region=region)
    receivers = [_backend_receiver(), *([direct] if direct else [])]
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": BACKEND,
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": _routes(direct=direct is not None),
        },
        "receivers": receivers,
        # The chart's rules are left out, too: Alertmanager never sends the end of an inhibited
        # alert, and the backend would show it as firing forever (docs/adr/0024).
        "inhibit_rules": [],
    }


def mounted_secrets(options: NotificationOptions) -> list[str]:
    """Return the names of the Secrets to mount."""
    own = [DIRECT_SECRET] if secret_content(options) else []
    return [naming.ALERTMANAGER_TOKEN.secret, *own]


def secret_content(options: NotificationOptions) -> dict[str, str]:
    """Return the plain content of the direct receiver's Secret. Callers must mark it as secret."""
    match options.receiver:
        case DirectReceiver.SLACK | DirectReceiver.WEBHOOK if options.url:
            return {DIRECT_URL_KEY: options.url.get_secret_value()}
        case DirectReceiver.EMAIL if options.password:
            return {DIRECT_PASSWORD_KEY: options.password.get_secret_value()}
        case _:
            return {}


def _routes(*, direct: bool) -> list[dict[str, object]]:
    # They never resolve. Frequent repeats show the backend that deliveries arrive. Alertmanager
    # looks for due repeats at every group_interval: if that were 5 minutes as well, each repeat
    # would miss its time by a moment and come after ten minutes.
    heartbeat: dict[str, object] = {
        "receiver": BACKEND,
        "matchers": [_one_of(HEARTBEATS)],
        "group_interval": "1m",
        "repeat_interval": "5m",
    }
    people: list[Sequence[str]] = [
        ['severity = "critical"'],
        # Not the critical ones: an alert that matches two routes is sent twice.
        ['severity != "critical"', _one_of(WAY_TO_BACKEND)],
    ]
    # With `continue`, the backend gets them as well.
    to_people: list[dict[str, object]] = [
        {"receiver": DIRECT, "matchers": matchers, "continue": True} for matchers in people
    ]
    # The default receiver only gets alerts that no route matches, and an alert that continues has
    # matched. Without the last route, the backend would miss the alerts that people get.
    return [*(to_people if direct else []), heartbeat, {"receiver": BACKEND}]


def _one_of(alerts: Sequence[str]) -> str:
    return f'alertname =~ "{"|".join(alerts)}"'


def _backend_receiver() -> dict[str, object]:
    host = naming.service_url(naming.RELEASE, naming.NAMESPACE, naming.SERVICE_PORT)
    token = f"{SECRETS}/{naming.ALERTMANAGER_TOKEN.secret}/{naming.ALERTMANAGER_TOKEN.key}"
    webhook = {
        "url": f"{host}{WEBHOOK_PATH}",
        "send_resolved": True,
        # Alertmanager reads the file at every request, so a new token needs no restart.
        "http_config": {"authorization": {"type": "Bearer", "credentials_file": token}},
    }
    return {"name": BACKEND, "webhook_configs": [webhook]}


def _direct_receiver(
    options: NotificationOptions, *, topic_arn: object, region: str
) -> Mapping[str, object] | None:
    files = f"{SECRETS}/{DIRECT_SECRET}"
    both_ways = {"send_resolved": True}
    match options.receiver:
        case DirectReceiver.SNS:
            # The pod has its own credentials (EKS Pod Identity).
            topic = {"topic_arn": topic_arn, "sigv4": {"region": region}}
            return {"name": DIRECT, "sns_configs": [topic | both_ways]}
        case DirectReceiver.SLACK:
            slack = {"api_url_file": f"{files}/{DIRECT_URL_KEY}", "channel": options.channel}
            return {"name": DIRECT, "slack_configs": [slack | both_ways]}
        case DirectReceiver.WEBHOOK:
            webhook = {"url_file": f"{files}/{DIRECT_URL_KEY}"}
            return {"name": DIRECT, "webhook_configs": [webhook | both_ways]}
        case DirectReceiver.EMAIL:
            return {"name": DIRECT, "email_configs": [_email(options, files) | both_ways]}
        case DirectReceiver.NONE:
            return None


def _email(options: NotificationOptions, files: str) -> dict[str, object]:
    mail: dict[str, object] = {
        "to": ", ".join(options.emails),
        "from": options.sender,
        "smarthost": options.smarthost,
        "require_tls": True,
    }
    if options.username:
        mail |= {
            "auth_username": options.username,
            "auth_password_file": f"{files}/{DIRECT_PASSWORD_KEY}",
        }
    return mail
