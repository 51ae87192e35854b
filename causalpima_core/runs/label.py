"""A person's own title and note for a run, kept in `label.json`; the folder's name stays its id."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from causalpima_core.errors import ConfigError

LONGEST_TITLE = 80
LONGEST_NOTE = 4000


class Label(BaseModel):
    """Title on one line and free note of a run; both empty where nobody gave any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    note: str = ""

    @classmethod
    def parse(cls, title: str, note: str) -> Self:
        """What a person typed; spaces around it are dropped.

        Raises:
            ConfigError: the title is too long or not on one line, or the note is too long.

        >>> Label.parse(" Thin films ", "").title
        'Thin films'
        """
        title, note = title.strip(), note.strip()
        if len(title) > LONGEST_TITLE or not title.isprintable():
            raise ConfigError(
                f"A title has at most {LONGEST_TITLE} characters on one line; "
                f"'{title[:20]} …' does not."
            )
        if len(note) > LONGEST_NOTE:
            raise ConfigError(
                f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(note):,}."
            )
        return cls(title=title, note=note)

    def beside(self, name: str) -> str:
        """The run as lists show it: its title before the name of its folder, which is its id.

        >>> Label(title="Thin films").beside("run-3"), Label().beside("run-3")
        ('Thin films · run-3', 'run-3')
        """
        return f"{self.title} · {name}" if self.title else name


UNLABELLED = Label()
