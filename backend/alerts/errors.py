"""Errors of deliveries and of requests about alerts."""

from http import HTTPStatus

from backend.errors import AppError, BodyTooLarge, Forbidden, InvalidRequest, NotFound, Unavailable


class RefusedDelivery(AppError):
    """A body that is not an Alertmanager message. Alertmanager does not retry a 4xx at once."""


class MalformedJson(RefusedDelivery):
    status = HTTPStatus.BAD_REQUEST
    code = "malformed_json"
    detail = "The body is not valid JSON."


class NotAlertmanagerMessage(RefusedDelivery):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "not_alertmanager_message"
    detail = "The body is not an Alertmanager webhook message."


class TooManyAlerts(RefusedDelivery):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "too_many_alerts"
    detail = (
        "A delivery may have 100,000 alerts: lower max_alerts in the receiver's webhook_config."
    )


class DeliveryTooLarge(RefusedDelivery):
    """`begin` is what was read of the body, `size` how much of it is known of."""

    status = BodyTooLarge.status
    code = BodyTooLarge.code
    detail = BodyTooLarge.detail

    def __init__(self, begin: bytes | bytearray, size: int) -> None:
        super().__init__(
            f"The body has {size} bytes or more, which is more than this operation accepts: send"
            " less at once, in Alertmanager with a finer `group_by`."
        )
        self.begin, self.size = begin, size


class NoEvents(RefusedDelivery):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "no_events"
    detail = "The list has no events: send one event, or a list of them."


class TooManyEvents(RefusedDelivery):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "too_many_events"
    detail = "The list has too many events: send at most 1,000 at once."


class IntakeBusy(Unavailable):
    """503, never 429: Alertmanager retries only 5xx."""

    code = "intake_busy"
    detail = "Other large deliveries are being stored: send the same request again."


class BodyTooSlow(AppError):
    """503 rather than 408, because Alertmanager retries only 5xx."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "body_too_slow"
    detail = "The body did not arrive within 30 seconds: send the same request again."


class IncompleteBody(AppError):
    status = HTTPStatus.BAD_REQUEST
    code = "incomplete_body"
    detail = "The connection was closed before the body was complete."


class NotForIngest(Forbidden):
    code = "not_for_ingest"
    detail = (
        "The token belongs to no integration: use an integration's own token to deliver alerts."
    )


class AlertNotFound(NotFound):
    code = "alert_not_found"
    detail = "This integration has no alert with this fingerprint."


class InvalidLabelFilter(InvalidRequest):
    code = "invalid_label_filter"
    detail = "Write a label filter as label=name=value, for example label=namespace=shop."


class InvalidMatcher(InvalidRequest):
    code = "invalid_matcher"
    detail = 'Write a filter as name="value", or with !=, =~ or !~ between name and value.'


class InvalidExpression(InvalidMatcher):
    """The regular expression of a matcher is none of RE2's, or too large."""


class ExpressionTooExpensive(InvalidRequest):
    code = "expression_too_expensive"
    detail = "The regular expression takes too long here: make it simpler, or add filters."
