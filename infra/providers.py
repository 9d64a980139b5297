"""The two clouds the program talks to, each through a provider of its own: nothing ambient."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s


def aws_provider(*, region: str, tags: dict[str, str], allowed_account_id: str) -> aws.Provider:
    """AWS in one region; refuses credentials of another account when one is named."""
    return aws.Provider(
        "aws",
        region=region,
        allowed_account_ids=[allowed_account_id] if allowed_account_id else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
    )


def kubernetes_provider(kubeconfig: pulumi.Input[str]) -> k8s.Provider:
    """Connect to the cluster that this program makes, never to the caller's current context."""
    return k8s.Provider(
        "kubernetes",
        kubeconfig=kubeconfig,
        # Without these, a changed Secret or ConfigMap is deleted and made again: pods would see it
        # missing, and Grafana a dashboard.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
