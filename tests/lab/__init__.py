"""The lab: figures against worked examples, readers on made folders, the command on real clips."""
