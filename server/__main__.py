"""The command line: python -m server COMMAND."""

from server.commands import main

if __name__ == "__main__":
    main(prog_name="python -m server")
