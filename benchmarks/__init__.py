"""Side-by-side measurements: this platform and its floors, in one run, as ratios. `make bench`.

Absolute numbers of one machine say little: the same server differs by 1.8 between two moments of
one run. So contenders take turns in short slices, only ratios within a round are judged, and every
comparison carries an A/A ratio (two slices of the same thing) that says how noisy the run was.
"""
