"""The first image: built and pushed once, so that the first deployment is one `pulumi up`.

Later images come from `make release`. The registry refuses to move a tag, but the build provider
builds again whenever a source file changes (ignore_changes does not cover what it computes itself).
So a second build of the same tag is refused here, before it begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from pulumi import ResourceHookArgs, ResourceOptions

CONTEXT = "."
DOCKERFILE = "backend/Dockerfile"


@dataclass(frozen=True, kw_only=True)
class BootstrapImageArgs:
    repository_url: pulumi.Input[str]
    registry_id: pulumi.Input[str]
    tag: str
    # Those of the nodes: linux/amd64, linux/arm64.
    platforms: Sequence[str]


class BootstrapImage(pulumi.ComponentResource):
    """An image in the registry under the chart's appVersion. Needs a BuildKit on this machine."""

    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: BootstrapImageArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:bootstrap_image:BootstrapImage", name, None, opts)
        repository = pulumi.Output.from_input(args.repository_url)
        login = aws.ecr.get_authorization_token_output(
            registry_id=args.registry_id, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        image = docker_build.Image(
            f"{name}-build",
            context=docker_build.BuildContextArgs(location=CONTEXT),
            dockerfile=docker_build.DockerfileArgs(location=DOCKERFILE),
            platforms=[docker_build.Platform(platform) for platform in args.platforms],
            tags=[repository.apply(lambda url: f"{url}:{args.tag}")],
            push=True,
            build_on_preview=False,
            registries=[
                docker_build.RegistryArgs(
                    address=repository,
                    username=login.user_name,
                    password=pulumi.Output.secret(login.password),
                )
            ],
            opts=ResourceOptions(
                parent=self,
                # Setting buildImage to false must not take the image away from running pods.
                retain_on_delete=True,
                hooks=pulumi.ResourceHookBinding(
                    before_update=[pulumi.ResourceHook(f"{name}-once", refuse_rebuild)]
                ),
            ),
        )
        self.ready = [image]
        self.register_outputs({})


def refuse_rebuild(args: ResourceHookArgs) -> None:
    """Refuse every update but that to a new tag."""
    old, new = ((inputs or {}).get("tags") for inputs in (args.old_inputs, args.new_inputs))
    if old == new:
        raise pulumi.RunError(
            f"the first image exists already ({old}) and the sources or platforms have changed,"
            " but its tag cannot be pushed again. Set backend.buildImage to false (the image"
            " stays), and deploy the change with `make release`."
        )
