"""What uvicorn serves: `backend.asgi:app`. The only module that does something when imported."""

import sys

from backend import settings
from backend.app import create_app
from backend.settings import SettingsError

try:
    app = create_app(settings.load())
except SettingsError as error:
    sys.exit(f"backend: {error}")
