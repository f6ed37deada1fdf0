"""From receivers and mute hours to Alertmanager's files: who is told of which alert, when, and how it reads."""

from apivitals.alertmanager_config.files import alertmanager_files

__all__ = ["alertmanager_files"]
