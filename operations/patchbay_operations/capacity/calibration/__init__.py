"""What a recorded run says about the plan's few free parameters, and how far simulated and measured lie apart."""
