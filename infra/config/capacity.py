"""The kubelet's share of a node. Pure arithmetic."""


def kube_reserved(*, pods: int, vcpus: int) -> dict[str, str]:
    """Compute the kubelet's reserve by the formula of Amazon's machine image.

    By default, the image derives memory from the number of addresses (17 pods on a t3.medium), not
    from the configured number of pods.
    """
    per_core = [60, 10, 5, 5]
    millicores = sum(per_core[:vcpus]) + 2.5 * max(vcpus - len(per_core), 0)
    return {
        "cpu": f"{int(millicores)}m",
        "memory": f"{11 * pods + 255}Mi",
        "ephemeral-storage": "1Gi",
    }
