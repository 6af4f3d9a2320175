"""Who answers a call: this machine, a Ray cluster, or Alibaba Cloud."""
