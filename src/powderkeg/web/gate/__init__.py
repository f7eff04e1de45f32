"""Who may ask, decided before any route is looked for.

paths.py    no tricks in the path
hosts.py    the Host header names this server (DNS rebinding)
origins.py  no page of another origin asks (cross-site requests, sockets, event streams)
rates.py    not too fast
tokens.py   a token or a cookie made from it, where one is asked for
headers.py  what every answer says to the browser
gate.py     all of it, in this order
"""
