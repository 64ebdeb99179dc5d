"""Who of several workers does what, decided by each alone and by all alike: no server, no vote, no trusted clock.

`hands` is what workers know of each other and of the jobs, `plan` the schedule that all of them compute, `absence`
tells a cut in the network from a crash, `deference` leaves work to those who are cut off, `claimer` puts them
together. All of it is arithmetic on one's own monotonic clock: what a job's facts mean is said by `sync.rules.view`
and by nothing here.
"""
