"""The HTTP API, its streams, and the dashboard's files; one process of its own, so that collection never waits.

asks.py        what can be asked: one struct of typed parameters per question
endpoints.py   the table of routes; OpenAPI, documentation and tests are made from it
parameters.py  query strings and bodies to those structs
answering/     what a worker process does with a question: the functions of the command line
worker.py      that process; desk.py starts it, bounds it in time and memory, and asks it
hub.py         topics, the ring to resume from, bounded queues: no socket and no clock
stream.py      server-sent events and WebSocket over a hub
gate/          who may ask: host, origin, path, token, rate
app.py         all of it as one application; server.py puts it on a port
"""
