"""The one family of errors a person can be shown: each message is a whole sentence.

A message says what was expected, what came, and what to do. Anything raised outside this family
is a defect of the program, not of the input.
"""

OTHER_VERSION = "This run is from another version of the program: train it again to go on from it."


class CausalPimaError(Exception):
    """Root of the family; the command line prints it as one line and exits with ``exit_code``."""

    exit_code = 1


class InputError(CausalPimaError):
    """Something the caller gave is not usable; nothing was written."""

    exit_code = 2


class DataError(InputError):
    """A data file or array is not what its format promises."""


class ConfigError(InputError):
    """A setting, or a combination of settings, makes no sense."""


class RunFolderError(InputError):
    """A run folder is missing, taken, unreadable or not writable."""


class DamagedError(RunFolderError):
    """One file of a run is missing or not what it should be; the rest of the run can be used."""


class StorageError(CausalPimaError):
    """The disk takes no more; what was there before is kept."""


class TrainingError(CausalPimaError):
    """Training cannot go on; the last good checkpoint is kept."""


class Cancelled(CausalPimaError):  # noqa: N818 - nothing went wrong
    """The person asked to stop; what was computed is kept."""

    exit_code = 130
