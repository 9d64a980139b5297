"""The topic for people. Alertmanager and CloudWatch publish to it independently."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    names: Names
    emails: Sequence[str]


class Notifications(pulumi.ComponentResource):
    """An SNS topic and its e-mail subscriptions, which each addressee must confirm."""

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:notifications:Notifications", name, None, opts)
        child = ResourceOptions(parent=self)
        # Not encrypted with a key: CloudWatch may not use AWS's key. A message contains an alert's
        # text, and the topic stores none.
        topic = aws.sns.Topic(f"{name}-topic", tags=args.names.display("notifications"), opts=child)
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": self.topic_arn})
