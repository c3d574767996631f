"""The stages of a visit beside their floors, measured in turn in one run.

    python -m benchmarks                  (or `make bench`)
    python -m benchmarks --quick --json

A floor is the least that the stage's own medium takes: the same APDUs replayed over the same PC/SC, the same
page in a bare compiler, the bare token operations, a bare HTTP request of the same bytes. What is read is the
ratio; milliseconds belong to the machine and the hour. Every part is the real one, in the virtual town hall.
"""
