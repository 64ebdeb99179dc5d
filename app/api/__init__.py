"""The local API: every command as a route, every change as an event, on loopback.

`address` says where a running program is reached, `client` is what callers use, `server` the running side: `desk` holds
what is open, `application` puts the routes of `routes` behind the gate (`gate`, `limits`, `answers`), `hub` numbers the
events. Nothing here decides anything about a film: that is said once, in `app.commands`.
"""
