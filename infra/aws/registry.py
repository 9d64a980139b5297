"""The image registry: tags that never move, scanned images, and enough of them to roll back to."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.naming import Names

UNTAGGED_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    names: Names
    keep_images: int
    keep_builds: int
    destroy_images: bool


class Registry(pulumi.ComponentResource):
    """One ECR repository for the backend's image."""

    # <account>.dkr.ecr.<region>.amazonaws.com/<name>
    repository_url: pulumi.Output[str]
    registry_id: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:registry:Registry", name, None, opts)
        child = ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{name}-backend",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
                scan_on_push=True
            ),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")
            ],
            force_delete=args.destroy_images,
            tags=args.names.display("backend"),
            opts=child,
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-backend-lifecycle",
            repository=repository.name,
            policy=lifecycle_policy(args.keep_images, args.keep_builds),
            opts=child,
        )
        self.repository_url = repository.repository_url
        self.registry_id = repository.registry_id
        self.register_outputs({"repositoryUrl": self.repository_url})


def lifecycle_policy(keep_images: int, keep_builds: int) -> str:
    """Keep the newest releases, which a rollback can name, apart from other tags.

    ECR applies the first rule that an image matches, so builds of every commit evict no release.
    """
    rules: list[dict[str, object]] = [
        {
            "description": f"Untagged images go after {UNTAGGED_DAYS} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
        },
        _newest(f"The newest {keep_images} releases stay, to roll back to", "*.*.*", keep_images),
        _newest(f"The newest {keep_builds} other images stay", "*", keep_builds),
    ]
    numbered = [
        {"rulePriority": number, "action": {"type": "expire"}, **rule}
        for number, rule in enumerate(rules, start=1)
    ]
    return json.dumps({"rules": numbered}, sort_keys=True)


def _newest(description: str, tags: str, count: int) -> dict[str, object]:
    return {
        "description": description,
        "selection": {
            "tagStatus": "tagged",
            "tagPatternList": [tags],
            "countType": "imageCountMoreThan",
            "countNumber": count,
        },
    }
