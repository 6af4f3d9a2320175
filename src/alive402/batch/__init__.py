"""A whole data set judged: on this machine or on a cluster, stopped and gone on with, each row once."""
