"""What can keep the demo from running."""


class DemoError(Exception):
    """Something that the user can mend; the message is one clear line, and may be followed by a log's tail."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
