"""Refuses impossible changes in `pulumi preview`, before anything is touched."""

from collections.abc import Mapping
from typing import TypeVar

import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions

from infra.settings import Settings
from infra.validation.changes import refusals, values

TYPE, NAME = "platform:guard:Guard", "guard"
_Value = TypeVar("_Value")


class Guard(pulumi.ComponentResource):
    """Holds the guarded settings in the state.

    A changed CIDR or name replaces its resource, and a replacement's hooks see no old inputs. A
    component is updated and never replaced, so its hook sees both.
    """

    def __init__(self, settings: Settings) -> None:
        def refuse(args: ResourceHookArgs) -> None:
            found = refusals(guarded_settings(args.old_inputs), settings.options, settings.names)
            if found:
                raise pulumi.RunError("\n".join(found))

        hook = ResourceHook("refuse-changes", refuse, ResourceHookOptions(on_dry_run=True))
        super().__init__(
            TYPE,
            NAME,
            {"settings": values(settings.options, settings.names)},
            pulumi.ResourceOptions(hooks=ResourceHookBinding(before_update=[hook])),
        )
        self.register_outputs({})

    def once_accepted(self, value: _Value) -> pulumi.Output[_Value]:
        """Return the value when the engine has run the hook; after a refusal, never.

        `depends_on` is no way to wait for this component: the SDK puts a component's children in
        its place, and this one has none.
        """
        return self.urn.apply(lambda _: value)


def guarded_settings(inputs: Mapping[str, object] | None) -> Mapping[str, object]:
    """Return the settings in the component's inputs; nothing if there are none yet."""
    held = (inputs or {}).get("settings")
    return held if isinstance(held, Mapping) else {}
