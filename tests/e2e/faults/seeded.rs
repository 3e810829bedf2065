//! Faults that are put in on purpose: a run has to find each.
