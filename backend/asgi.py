"""The application that uvicorn serves. Only this module has an effect when it is imported."""

import sys

from backend import settings
from backend.app import create_app
from backend.telemetry import logs

try:
    _settings = settings.load()
    logs.configure(level=_settings.log_level, tracing=_settings.traced)
    app = create_app(_settings)
except settings.SettingsError as error:
    sys.exit(f"backend: {error}")
