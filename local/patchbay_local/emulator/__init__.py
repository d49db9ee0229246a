"""An AWS account on loopback: moto's server, with what moto lacks added, and a state that outlives it."""
