"""What uvicorn serves: `backend.asgi:app`. The only module that does something when imported."""

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
