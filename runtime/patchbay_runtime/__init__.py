"""The flow runtime: API and triggers, shape workers, Horizon-format metrics."""
