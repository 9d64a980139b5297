"""Refuses impossible changes in `pulumi preview`, before anything is touched."""

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions
from pulumi.runtime import invoke_output

from infra.settings import Settings
from infra.validation.changes import in_place, refusals, values

TYPE, NAME = "platform:guard:Guard", "guard"
_Value = TypeVar("_Value")


class Guard(pulumi.ComponentResource):
    """Holds the guarded settings in the state.

    A changed CIDR or name replaces its resource, and a replacement's hooks see no old inputs. A
    component is updated and never replaced, so its hook sees both.
    """

    def __init__(self, settings: Settings) -> None:
        options, names = settings.options, settings.names
        self._reached, reached = _Reached(in_place(options, names)), dict[str, object]()

        def refuse(args: ResourceHookArgs) -> None:
            tried = guarded_settings(args.old_inputs)
            found = refusals(tried, options, names, reached=reached)
            if found:
                raise pulumi.RunError("\n".join(found))

        def remember(before: Mapping[str, object]) -> Mapping[str, object]:
            reached.update(before)
            return values(options, names)

        hook = ResourceHook("refuse-changes", refuse, ResourceHookOptions(on_dry_run=True))
        super().__init__(
            TYPE,
            NAME,
            {"settings": self._reached.before.apply(remember)},
            pulumi.ResourceOptions(hooks=ResourceHookBinding(before_update=[hook])),
        )
        self.register_outputs({})

    def once_accepted(self, value: _Value) -> pulumi.Output[_Value]:
        """Return the value when the engine has run the hook; after a refusal, never.

        `depends_on` is no way to wait for this component: the SDK puts a component's children in
        its place, and this one has none.
        """
        return self.urn.apply(lambda _: value)

    def reached(self, *after: pulumi.Output[Any]) -> None:
        """Say that the settings have become true as soon as these outputs are known."""
        self._reached.record(after)


class _Reached(pulumi.ComponentResource):
    """Holds the settings that the last complete `pulumi up` reached.

    The guard's own inputs are in the state before AWS has done or refused anything. So this
    component has no inputs, which would be an update and lose its outputs, and it registers its
    outputs last: a `pulumi up` that fails keeps those of the one before.
    """

    before: pulumi.Output[Mapping[str, object]]

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__("platform:guard:Reached", f"{NAME}-reached")
        self._settings = settings
        # The SDK reads referenced resources in this way.
        state = invoke_output("pulumi:pulumi:getResource", {"urn": self.urn})
        self.before = state.apply(lambda found: guarded_settings(found["state"]))

    def record(self, after: tuple[pulumi.Output[Any], ...]) -> None:
        # An unknown output, as of what `--target` leaves out, ends here.
        known = pulumi.Output.all(*after)
        known.apply(lambda _: self.register_outputs({"settings": self._settings}))


def guarded_settings(held: Mapping[str, object] | None) -> Mapping[str, object]:
    """Return the settings that a component holds; nothing if there are none yet."""
    settings = (held or {}).get("settings")
    return settings if isinstance(settings, Mapping) else {}
