"""`python -m powderkeg` is `powderkeg`."""

from powderkeg.cli.main import main

if __name__ == "__main__":
    main()
