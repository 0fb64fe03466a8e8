"""The errors of the engine as one tree. The message of an error is for people: what is wrong, and what to do about it.

    AiopsError
    ├── SourceError                telemetry cannot be read, or what was found cannot be sent; the cycle goes on
    │   ├── Unavailable            another attempt may succeed
    │   ├── RequestRejected        another attempt would fail in the same way
    │   │   └── AnswerTooLarge     a smaller question may succeed
    │   └── CannotListen           a port of the receiver is taken
    ├── StoreError                 incidents cannot be read or written; nothing was written
    ├── NotFound                   the thing asked for does not exist
    ├── NotPossible                what a person asked for cannot be done now
    ├── TooMuch                    the answer would be larger than the question allows
    ├── InvalidInput               an input cannot be used
    │   ├── ConfigError            a setting
    │   ├── BadCalendar            a calendar
    │   ├── BadRoutes              the file of notifications
    │   ├── BadChannel             a channel of notifications
    │   ├── BadPolicy              the policy of actions
    │   ├── BadDrills              the file of drills
    │   ├── BadJwt                 a token of an OpenID provider
    │   │   └── UnknownKey         its key is not among those that are known
    │   ├── BadCatalog             a catalogue of services
    │   ├── BadParameter           a parameter of a query string
    │   ├── Mistake                a field of an objective
    │   ├── Unreadable             a table of values
    │   ├── UnreadableFile         a file of telemetry
    │   ├── BadColumns             columns that do not fit a file of spans
    │   ├── BadCapture             the first line of a capture
    │   ├── FittingError           series that cannot be fitted
    │   ├── DoesNotFit             learned state of another form
    │   └── BackupError            a backup, or a folder that cannot be backed up
    ├── MessageError               an export of telemetry that cannot be read
    │   ├── Damaged, TooMany, MessageTooLarge, TooLong, Broken, UnknownEncoding
    │   └── ExportRejected         with the status that its sender gets
    ├── SignInRefused              somebody who comes from an OpenID provider may not come in
    ├── NotDone                    the fault of a drill could not be caused or taken back
    ├── NotTaken                   a channel of notifications did not take a message
    ├── NotAnswered                a running engine did not do what a command asked of it
    │   ├── NoEngine               no engine answers at that address
    │   └── TooLarge               the answer would be too large: ask for less
    └── StartError                 the engine, or the demo, does not start
        ├── CannotStart, FolderError, NoShop, CannotShow, NoCertificate
        └── PortTaken              said by the receiver's process to the engine, which raises CannotListen

Errors of libraries are translated where the library is called: requests in `http.client`, DuckDB in
`sources.duckdb.store`, SQLAlchemy in `store.transaction`. They leave as an HTTP status in `api.problem`, and as an exit
code in `cli.main`.
"""


class AiopsError(Exception):
    """The base class of all errors of the engine."""


class SourceError(AiopsError):
    """A source could not answer; the message says which, why and what to do. The cycle goes on without this source."""


class StoreError(AiopsError):
    """The incident store cannot be used; the message says why and what to do. Nothing was written."""


class NotFound(AiopsError, LookupError):
    """The thing asked for does not exist; the message names it."""


class NotPossible(AiopsError, ValueError):
    """What a person asked for cannot be done now; the message says why."""


class TooMuch(AiopsError):
    """The answer would be larger than the question allows; the message says by how much."""


class InvalidInput(AiopsError):
    """An input cannot be used; the message names the field and the fix."""


class MessageError(AiopsError):
    """An export of telemetry cannot be read."""


class NotTaken(AiopsError, OSError):
    """A channel of notifications did not take a message; the text says why, without secrets. final: the same message
    will never be taken. wait: seconds for which the channel asks to be left alone, 0 where it says nothing."""

    def __init__(self, message: str, *, final: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.final, self.wait = final, wait


class StartError(AiopsError):
    """The engine does not start; the message says what to do."""
