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
    deletion_protection: bool


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
            force_delete=not args.deletion_protection,
            tags=args.names.display("backend"),
            opts=child,
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-backend-lifecycle",
            repository=repository.name,
            policy=lifecycle_policy(args.keep_images),
            opts=child,
        )
        self.repository_url = repository.repository_url
        self.registry_id = repository.registry_id
        self.register_outputs({"repositoryUrl": self.repository_url})


def lifecycle_policy(keep_images: int) -> str:
    """Keep the newest tagged images, which a rollback can name."""
    untagged = {
        "rulePriority": 1,
        "description": f"Untagged images go after {UNTAGGED_DAYS} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }
    tagged = {
        "rulePriority": 2,
        "description": f"The newest {keep_images} releases stay, to roll back to",
        "selection": {
            "tagStatus": "tagged",
            "tagPatternList": ["*"],
            "countType": "imageCountMoreThan",
            "countNumber": keep_images,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [untagged, tagged]}, sort_keys=True)
