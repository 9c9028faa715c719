"""A preprocessing function that a pipeline names, as a user's own package would hold it."""


def halve(table):
    return table / 2
