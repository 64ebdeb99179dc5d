"""Blobs: immutable bytes named by their SHA-256.

`store` says what every blob store promises, `folder` keeps them in a folder of this machine, `durable` knows how bytes
get onto a disk so that they stay, `shelf` puts a picture under its name into the film's folders.
"""
