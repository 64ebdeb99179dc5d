"""From a wish to a picture: what is asked for, what a strike needs, and how its picture becomes a take.

`wishes` turns assets into jobs, `queue` picks and claims them, `prepare` finds model and inputs, `publish` keeps what
was rendered, `again` renders a take once more. `app.worker` is the loop that runs them.
"""
