"""The explicit providers of AWS and Kubernetes, instead of the default ones."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s


def aws_provider(*, region: str, tags: dict[str, str], allowed_account_id: str) -> aws.Provider:
    """Connect to AWS in one region; refuse another account than the allowed one, if it is set."""
    return aws.Provider(
        "aws",
        region=region,
        allowed_account_ids=[allowed_account_id] if allowed_account_id else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
    )


def kubernetes_provider(kubeconfig: pulumi.Input[str]) -> k8s.Provider:
    """Connect to the cluster that this program creates, never to the caller's current context."""
    return k8s.Provider(
        "kubernetes",
        kubeconfig=kubeconfig,
        # Without these, a changed Secret or ConfigMap is deleted and created again, and pods and
        # Grafana would miss it in between.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
