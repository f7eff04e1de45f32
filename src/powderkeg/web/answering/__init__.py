"""What the worker process does with a question: the functions of the command line, and their answers as bytes."""
