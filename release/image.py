"""`make image`: build the backend's image and push it under an immutable tag."""

from pathlib import Path

from release import versions
from release.programs import ReleaseError, ask, require, run, say

# What EKS's nodes can be. An image of the builder's platform may not start there.
_PLATFORMS = ("linux/amd64", "linux/arm64")


def build_command(reference: str, *, platforms: str, version: str, revision: str) -> list[str]:
    return [
        *("docker", "buildx", "build", "--push"),
        *("--platform", platforms),
        *("--file", "backend/Dockerfile"),
        *("--build-arg", f"VERSION={version}"),
        *("--build-arg", f"REVISION={revision}"),
        *("--tag", reference),
        ".",
    ]


def build_and_push(*, repository: str, version: str, platforms: str, root: Path) -> None:
    if not repository:
        raise ReleaseError(
            "REPOSITORY is missing: make image REPOSITORY=<registry>/<name>,"
            " for example REPOSITORY=$(pulumi stack output registry)"
        )
    if unknown := set(platforms.split(",")) - set(_PLATFORMS):
        raise ReleaseError(
            f"PLATFORMS={platforms}: {', '.join(sorted(unknown))!r} is not a platform of nodes. Use"
            f" {', '.join(_PLATFORMS)} or both, or PLATFORMS=$(pulumi stack output imagePlatforms)"
        )
    named = versions.checked(version, command="make image") if version else None
    require("docker", "install Docker with the buildx plugin")
    if ask(["docker", "buildx", "version"]).returncode:
        raise ReleaseError("docker has no buildx: install the docker-buildx plugin")
    tag = named or versions.of_checkout(root)
    reference = f"{repository}:{tag}"
    command = build_command(
        reference, platforms=platforms, version=tag, revision=versions.revision(root)
    )
    if run(command, cwd=root):
        raise ReleaseError(
            f"{reference} was not built or not pushed (see above). Not logged in? For ECR:"
            f" aws ecr get-login-password | docker login --username AWS --password-stdin"
            f" {repository.partition('/')[0]}"
        )
    say(f"pushed {reference}\nrelease it: make release VERSION={tag}")
