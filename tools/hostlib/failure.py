"""One line for the user, and the exit status that goes with it."""

TIMEOUT = 124  # --timeout ran out
ISTHMUS = 125  # Isthmus itself failed, or was used wrongly
CANNOT_RUN = 126  # the program is there and cannot be run
NOT_FOUND = 127  # the program is not there


class Failure(Exception):
    def __init__(self, message, status=ISTHMUS):
        super().__init__(message)
        self.status = status
