"""The explicit providers of AWS and Kubernetes, instead of the default ones."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from infra.config.options import Options
from infra.naming import Names


def aws_provider(
    options: Options, names: Names, *, region: pulumi.Input[str], name: str = "aws"
) -> aws.Provider:
    """Connect to AWS in one region; refuse another account than the allowed one, if it is set.

    Every resource on AWS, and so everything in the cluster, waits for the provider's `region`.
    """
    account = options.allowed_account_id
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[account] if account else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=names.tags(options.tags)),
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
