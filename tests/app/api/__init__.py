"""The local API, part by part."""
