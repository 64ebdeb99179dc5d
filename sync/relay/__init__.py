"""The relay: a meeting place for devices that cannot reach each other, and a mailbox for those who are away.

It sees sealed frames, blinded names and sizes that were rounded up, and has no part in deciding who is believed.
`names` says what things are called there, `frames` what is said to it, `visit` what it answers (no I/O), `rooms` who
is there, `mailboxes` what it keeps; `server` puts these on a port, and `client` is the other end.
"""
