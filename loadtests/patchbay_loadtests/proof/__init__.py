"""The scaling proof: steers a shape's processes, records what the cluster does and judges the record."""
