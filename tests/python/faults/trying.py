"""What is asked of faults and alterations of every framework: they apply, are seen, leave no trace, and can be undone.

A test names its `MODELS`, the faults that nothing shows of each (`NOT_SEEN`), what undoes faults by their beginnings (`UNDONE`),
and makes a watched model that can `run` and tell its `state`.
"""

import unittest

from _reproof_worker import alterations


def gives(tried, wanted, before):
    """Whether an alteration gives these outputs; what the model refuses does not."""
    try:
        with alterations.apply(tried.model, wanted):
            return tried.run() == before
    except (RuntimeError, TypeError, ValueError):
        return False


class Faults(unittest.TestCase):
    MODELS = {}
    NOT_SEEN = {}
    # Per beginning of a fault: the beginning of what gives the outputs of before to the bit, and models of which this is not so.
    UNDONE = {}

    def tried(self, name):
        """A watched model."""
        raise NotImplementedError

    def test_faults_are_seen_and_leave_no_trace(self):
        for name in self.MODELS:
            tried = self.tried(name)
            before, state = tried.run(), tried.state()
            faults = alterations.faults(tried.model)
            self.assertGreater(len(faults), 5, name)
            for text in faults:
                with self.subTest(model=name, fault=text):
                    with alterations.plant(tried.model, text):
                        planted, again = tried.run(), tried.run()
                    self.assertEqual(planted, again, "a fault is the same each time")
                    self.assertEqual(tried.run(), before)
                    self.assertEqual(tried.state(), state)
                    self.assertTrue(planted != before or text in self.NOT_SEEN.get(name, ()))

    def test_faults_are_undone_by_alterations(self):
        pairs = set()
        for name in self.MODELS:
            tried = self.tried(name)
            before, state = tried.run(), tried.state()
            for text in alterations.faults(tried.model):
                begin = next((begin for begin in self.UNDONE if text.startswith(begin)), None)
                if begin is None or text in self.NOT_SEEN.get(name, ()):
                    continue
                undoing, excepted = self.UNDONE[begin]
                with alterations.plant(tried.model, text):
                    with tried.model.watching():
                        tried.run()
                    catalogue = [wanted for wanted in alterations.catalogue(tried.model) if wanted.startswith(undoing)]
                    undone = any(gives(tried, wanted, before) for wanted in catalogue)
                with self.subTest(model=name, fault=text):
                    self.assertTrue(undone or name in excepted, catalogue)
                    self.assertEqual(tried.run(), before)
                    self.assertEqual(tried.state(), state)
                pairs.add(begin)
        self.assertEqual(pairs, set(self.UNDONE), "every kind of fault was tried")
