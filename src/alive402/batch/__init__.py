"""Batch: judges a whole data set on this machine or a cluster, each row once; resumes after a stop."""
