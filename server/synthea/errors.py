"""What stops an import."""


class SyntheaError(Exception):
    """The files cannot be loaded; the database is as it was. One line, which names the file and the line in it.

    It never quotes a value of the file: in a broken row a social security number may stand in any column.
    """

    def __init__(self, words: str, file: str | None = None, line: int | None = None) -> None:
        place = f"{file} line {line}: " if line is not None else f"{file}: " if file is not None else ""
        super().__init__(place + words)
        self.file = file
        self.line = line
