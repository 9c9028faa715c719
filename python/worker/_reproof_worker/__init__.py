"""The child process in which Reproof runs models of Python frameworks.

It runs in whatever interpreter the user names and needs nothing there but the framework under test. Everything here
keeps to the syntax and the standard library of Python 3.9. docs/worker-protocol.md says what travels.
"""

# Raised with every change that an older parent or worker would misunderstand.
PROTOCOL = 1
