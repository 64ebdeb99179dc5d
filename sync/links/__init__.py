"""Links carry messages between two devices; what the messages say, and who is believed, is not decided here.

`link` says what every link does. `frames` cuts messages into frames, joins them and keeps count of credit, without
touching any network; `line` puts waiting and closing around it. `memory`, `webrtc` and the relay's link each add the
carrier: a list, data channels, a web socket.
"""
