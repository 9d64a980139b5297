"""Image references as containerd knows them. Pure."""

_DEFAULT_REGISTRY = "docker.io"


def canonical(reference: str) -> str:
    """Name of an image as the kubelet's runtime looks it up: with registry, and a digest alone.

    `jaegertracing/jaeger:2` is `docker.io/jaegertracing/jaeger:2`; of `name:tag@sha256:...` the
    runtime drops the tag. To containerd a name is a word: nothing compares a digest in it with the
    image that has the name.
    """
    name, _, digest = reference.partition("@")
    first, slash, _ = name.partition("/")
    is_registry = slash and ("." in first or ":" in first or first == "localhost")
    if not is_registry:
        name = f"{_DEFAULT_REGISTRY}/{name if slash else f'library/{name}'}"
    if digest:
        return f"{_untagged(name)}@{digest}"
    return name if name != _untagged(name) else f"{name}:latest"


def repository(reference: str) -> str:
    """Name without tag and digest, such as `quay.io/prometheus/prometheus`."""
    return _untagged(canonical(reference).partition("@")[0])


def tagged(reference: str) -> str:
    """A name that an archive can carry: of `name:tag@sha256:...`, name and tag."""
    return canonical(reference.partition("@")[0])


def _untagged(name: str) -> str:
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"
